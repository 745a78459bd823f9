import type { Transform } from "node:stream";

/** One chunk at a time: the next is read only when this one was consumed, so the source may reuse its buffer. */
export async function feed(source: AsyncIterable<Uint8Array>, engine: Transform): Promise<void> {
  for await (const chunk of source) {
    if (engine.destroyed) return;
    await new Promise<void>((resolve) => {
      engine.once("close", resolve);
      engine.write(chunk, () => {
        engine.off("close", resolve);
        resolve();
      });
    });
  }
  engine.end();
}
