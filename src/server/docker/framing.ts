import type { AttachStream } from "#runtime/types.ts";
import { Demultiplexer, encodeFrame } from "#spec/docker/stdcopy.ts";

/** Both streams of a process without a terminal as one, without Docker's frames. */
export function unframed(stream: AttachStream): AttachStream {
  return withOutput(stream, async function* bare() {
    const streams = new Demultiplexer();
    for await (const chunk of stream.readable) {
      const pieces: Uint8Array[] = [];
      streams.push(chunk, (_stream, bytes) => void pieces.push(bytes.slice()));
      yield* pieces;
    }
  });
}

/** What a terminal shows in Docker's frames, as standard output. */
export function framedAsOutput(stream: AttachStream): AttachStream {
  return withOutput(stream, async function* framed() {
    for await (const chunk of stream.readable) yield encodeFrame("stdout", chunk);
  });
}

function withOutput(stream: AttachStream, output: () => AsyncGenerator<Uint8Array>): AttachStream {
  return {
    readable: output(),
    write: (bytes) => stream.write(bytes),
    endInput: () => stream.endInput(),
    close: () => stream.close(),
  };
}
