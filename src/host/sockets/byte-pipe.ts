import { BerthError } from "#base/errors.ts";
import { EPOLLIN, EPOLLOUT, F_SETPIPE_SZ, O_NONBLOCK, O_RDONLY, O_WRONLY } from "../kernel/linux.ts";
import type { Poller } from "./poller.ts";
import { close, open, pipe, raw, setStatusFlags } from "../kernel/syscalls.ts";

const CAPACITY = 1 << 20;
const READ_SIZE = 256 * 1024;
const EAGAIN = 11;
const EPIPE = 32;

/**
 * A pipe between this process and another of the same user, which takes its end by {@link path}: bytes go through the
 * kernel only, and a full pipe stops the writer, an empty one the reader.
 */
export interface BytePipe {
  /** Opens to the other process's end, as long as this side has not closed it with {@link handedOver}. */
  readonly path: string;
  /** The other process has its end, or never will: from now on it alone decides about it. */
  handedOver(): void;
  /** Close this side, when nothing waits for it any more. Repeating it is allowed. */
  close(): void;
}

export interface PipeReader extends BytePipe {
  /** What the other process writes, until it closes. Once. Each chunk is the caller's. */
  chunks(): AsyncGenerator<Uint8Array, void>;
}

export interface PipeWriter extends BytePipe {
  /** Resolves when the kernel took the bytes; false when nobody reads any more. */
  write(bytes: Uint8Array): Promise<boolean>;
}

/** A pipe that this process reads. Waiting costs no thread but the poller's. */
export function openReadPipe(poller: Poller): PipeReader {
  const { mine, sides } = openSides("read");
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const buffer = new Uint8Array(READ_SIZE);
      const count = raw("read", mine, buffer);
      if (count > 0) yield buffer.subarray(0, count);
      else if (count === -EAGAIN) await poller.ready(mine, EPOLLIN);
      else if (count === 0) return;
      else throw new BerthError("internal", `read of a pipe failed with error ${-count}`);
    }
  }
  return { ...sides, chunks };
}

/** A pipe that this process writes. */
export function openWritePipe(poller: Poller): PipeWriter {
  const { mine, sides } = openSides("write");
  async function write(bytes: Uint8Array): Promise<boolean> {
    for (let done = 0; done < bytes.length;) {
      const count = raw("write", mine, done === 0 ? bytes : bytes.subarray(done));
      if (count >= 0) done += count;
      else if (count === -EAGAIN) await poller.ready(mine, EPOLLOUT);
      else if (count === -EPIPE) return false;
      else throw new BerthError("internal", `write to a pipe failed with error ${-count}`);
    }
    return true;
  }
  return { ...sides, write };
}

/** The other process's side: an end to read from, blocking. */
export function takeReadEnd(path: string): number {
  return open(path, O_RDONLY);
}

/** The other process's side: an end to write to, blocking. */
export function takeWriteEnd(path: string): number {
  return open(path, O_WRONLY);
}

function openSides(side: "read" | "write"): { readonly mine: number; readonly sides: BytePipe } {
  const [readEnd, writeEnd] = pipe();
  const [mine, theirs] = side === "read" ? [readEnd, writeEnd] : [writeEnd, readEnd];
  raw("fcntl", mine, F_SETPIPE_SZ, CAPACITY); // a limit of the system may refuse it: then it is smaller
  setStatusFlags(mine, O_NONBLOCK);
  const open = new Set([mine, theirs]);
  const shut = (fd: number): void => {
    if (open.delete(fd)) close(fd);
  };
  return {
    mine,
    sides: {
      path: `/proc/${process.pid}/fd/${theirs}`,
      handedOver: () => shut(theirs),
      close() {
        shut(theirs);
        shut(mine);
      },
    },
  };
}
