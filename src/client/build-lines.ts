import { BerthError } from "#base/errors.ts";
import type { BuildLine } from "#spec/berth/build.ts";

/** A piece of an output, by its place in the options. */
export interface BuildData {
  readonly type: "data";
  readonly output: number;
  readonly chunk: Uint8Array;
}

/** What comes of a build: {@link BuildLine}s, those of type `data` with their bytes. */
export type BuildMessage = Exclude<BuildLine, { readonly type: "data" }> | BuildData;

const NEW_LINE = 0x0a;
const MAX_LINE_BYTES = 64 << 20;

/** Lines, and the bytes that stand behind some of them. What ends in the middle of either is `data-loss`. */
export async function* buildMessages(stream: AsyncIterable<Uint8Array>): AsyncGenerator<BuildMessage, void> {
  let head: Uint8Array[] = [];
  let headBytes = 0;
  let data: { readonly output: number; left: number } | undefined;
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.length;) {
      if (data !== undefined) {
        const part = chunk.subarray(at, at + data.left);
        at += part.length;
        data.left -= part.length;
        yield { type: "data", output: data.output, chunk: part };
        if (data.left === 0) data = undefined;
        continue;
      }
      const end = chunk.indexOf(NEW_LINE, at);
      const part = chunk.subarray(at, end < 0 ? chunk.length : end);
      head.push(part.slice());
      headBytes += part.length;
      if (headBytes > MAX_LINE_BYTES) throw new BerthError("data-loss", "a line of the build is too long");
      at = end < 0 ? chunk.length : end + 1;
      if (end < 0) continue;
      const line = parse(Buffer.concat(head));
      head = [];
      headBytes = 0;
      if (line.type !== "data") yield line;
      else if (line.bytes > 0) data = { output: line.output, left: line.bytes };
    }
  }
  if (data !== undefined || headBytes > 0) throw new BerthError("data-loss", "the build's answer ends too early");
}

function parse(bytes: Uint8Array): BuildLine {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as BuildLine;
  } catch (cause) {
    throw new BerthError("data-loss", "the build's answer cannot be read", { cause });
  }
}
