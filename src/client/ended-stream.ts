import type { Duplex } from "#host/http/duplex.ts";
import { EndedOutput } from "#spec/berth/ended-output.ts";

/** Streams that tell at last how it ended. */
export interface EndedStream<End> {
  /** Framed unless there is a terminal, as by Docker's requests. */
  readonly stream: Duplex;
  /** Once the output has ended; undefined when that was not told. */
  readonly end: () => End | undefined;
}

/** A connection taken over by one of the requests of spec/berth/ended-output.ts. */
export function endedStream<End>(connection: Duplex, terminal: boolean): EndedStream<End> {
  const parted = new EndedOutput({ raw: terminal });
  const stream: Duplex = {
    async read() {
      for (;;) {
        const chunk = await connection.read();
        if (chunk === undefined) return undefined;
        const output = parted.push(chunk);
        if (output.length > 0) return output;
      }
    },
    write: (data) => connection.write(data),
    endWrite: () => connection.endWrite(),
    close: () => connection.close(),
  };
  return { stream, end: () => parted.end() as End | undefined };
}
