import type { AttachStream } from "#runtime/types.ts";
import type { RawConnection } from "./reply.ts";
import { DetachFilter } from "./detach-keys.ts";

export interface PipeOptions {
  /** The process reads what the client sends; otherwise it is thrown away. */
  readonly input: boolean;
  readonly terminal: boolean;
  /** The client's half-close is the process's end of file; otherwise, as with a terminal, it means that it has left. */
  readonly endsInput: boolean;
  /** Bytes of the detach keys, looked for in a terminal's input. */
  readonly detachKeys: Uint8Array;
}

/** The process's output ended, the detach keys were typed, or the client left without them. */
export type PipeEnd = "ended" | "detached" | "gone";

/**
 * Bytes both ways until the process's output ends, the client leaves or types the detach keys. A client that half-closes
 * has given its last input and goes on reading; with a terminal, where there is no end of file, it has left.
 *
 * Resolves with how it ended.
 */
export async function pipe(client: RawConnection, process: AttachStream, options: PipeOptions): Promise<PipeEnd> {
  const { promise: left, resolve: leave } = Promise.withResolvers<PipeEnd>();
  const onGone = (): void => leave("gone");
  client.gone.addEventListener("abort", onGone, { once: true });
  // It may have left before there was anything to be told of.
  if (client.gone.aborted) onGone();
  try {
    void pumpInput(client, process, options).then((how) => {
      if (how !== "half-closed") leave(how);
    }, onGone);
    return await Promise.race([pumpOutput(client, process), left]);
  } finally {
    client.gone.removeEventListener("abort", onGone);
    process.close();
  }
}

async function pumpOutput(client: RawConnection, process: AttachStream): Promise<PipeEnd> {
  for await (const chunk of process.readable) if (!(await client.write(chunk))) return "gone";
  return "ended";
}

async function pumpInput(
  client: RawConnection,
  process: AttachStream,
  options: PipeOptions,
): Promise<"half-closed" | "detached" | "gone"> {
  const filter = options.terminal ? new DetachFilter(options.detachKeys) : undefined;
  for await (const chunk of client.readable) {
    if (!options.input) continue;
    const { bytes, detached } = filter === undefined ? { bytes: chunk, detached: false } : filter.push(chunk);
    // A process that takes no more input may have output on its way still, whose end tells.
    if (bytes.byteLength > 0 && !(await isTaken(process, bytes))) return "half-closed";
    if (detached) return "detached";
  }
  if (!options.input) return "half-closed";
  if (!options.endsInput) return "gone";
  process.endInput();
  return "half-closed";
}

async function isTaken(process: AttachStream, bytes: Uint8Array): Promise<boolean> {
  return process.write(bytes).then(
    () => true,
    () => false,
  );
}
