import { addon, type RunnerHandle } from "./addon.ts";
import { hasCode } from "./errno.ts";
import { writeAll } from "./syscalls.ts";

/** One step of {@link runBeside}. Paths and values are text without NUL. */
export type FileOperation =
  /** mkdir(2), mode 0755 less the umask. */
  | { readonly kind: "mkdir"; readonly path: string }
  /** One write(2) to a file that is there, which stays open while the operations that follow write to it too. */
  | { readonly kind: "write"; readonly path: string; readonly value: string }
  /** The text of one small file written to another; ENODATA when it has none. */
  | { readonly kind: "copy"; readonly path: string; readonly to: string };

/** A byte for a process that waits at the other end of a pipe. */
export interface Announcement {
  /** The writing end, a blocking descriptor. */
  readonly fd: number;
  readonly word: number;
}

export interface OperationsResult {
  /** How many came before the end or the first that failed. */
  readonly done: number;
  /** Of the one that failed; 0 when all are done. */
  readonly errno: number;
}

const NUL = "\0";
const ERRNO_BITS = 12;
const EINVAL = 22;

const ends = new Map<number, (result: OperationsResult) => void>();
let runner: RunnerHandle | undefined;
let nextToken = 1;

/**
 * Carry out `operations` in order up to the first that fails, in a thread of the addon (native/addon/operations.c) while this one
 * does something else. After the last the thread announces it, whatever this one is at; the descriptor must stay open until
 * the promise resolves. Batches are carried out one after the other.
 */
export function runBeside(
  operations: readonly FileOperation[],
  announcement?: Announcement,
): Promise<OperationsResult> {
  const { promise, resolve } = Promise.withResolvers<OperationsResult>();
  const text = operations.map(encoded).join("");
  // A NUL in a path or value would begin another.
  if (text.split(NUL).length !== 2 * operations.length + 1) return Promise.resolve({ done: 0, errno: EINVAL });
  const token = nextToken;
  nextToken = (token + 1) % 2 ** 31;
  ends.set(token, resolve);
  runner ??= addon().startRunner(onEnd);
  const { fd, word } = announcement ?? { fd: -1, word: 0 };
  const errno = -addon().runOperations(runner, token, Buffer.from(text), fd, word);
  if (errno !== 0) {
    ends.delete(token);
    resolve({ done: 0, errno });
  }
  return promise;
}

/** Make an announcement from here. A reader that is gone needs none. */
export function announce({ fd, word }: Announcement): void {
  try {
    writeAll(fd, Uint8Array.of(word));
  } catch (error) {
    if (!hasCode(error, "EPIPE")) throw error;
  }
}

function onEnd(token: number, result: number): void {
  ends.get(token)?.({ done: result >>> ERRNO_BITS, errno: result & (2 ** ERRNO_BITS - 1) });
  ends.delete(token);
}

function encoded(operation: FileOperation): string {
  switch (operation.kind) {
    case "mkdir":
      return `d${operation.path}${NUL}755${NUL}`;
    case "write":
      return `w${operation.path}${NUL}${operation.value}${NUL}`;
    case "copy":
      return `c${operation.path}${NUL}${operation.to}${NUL}`;
  }
}
