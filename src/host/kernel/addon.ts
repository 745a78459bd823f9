import addonBase64 from "../../../dist/berth-sys.base64" with { type: "text" };
import { BerthError, messageOf } from "#base/errors.ts";

import { withAnonymousExecutable } from "../processes/anonymous-executable.ts";

/** A path as the kernel sees it: bytes without NUL. A string is passed as UTF-8. */
export type KernelPath = string | Uint8Array;

/** What a row of the addon's table takes; which kinds stand where is the row's business. */
export type RawArgument = number | KernelPath | null;

/**
 * The addon as `native/addon/sys.c` exports it. Nothing here throws for what the kernel answers: results are >= 0, or -errno.
 * Wrong argument types throw TypeError.
 */
export interface RawAddon {
  /** One function per row of the syscall table. */
  readonly [syscall: string]: (...args: RawArgument[]) => number;
}

export interface Addon {
  /** The table: syscall name -> function. */
  readonly calls: RawAddon;
  /** Like `calls[name](...args)`, in a short-lived thread that entered the namespaces behind `fds` first. */
  readonly within: (fds: readonly number[], name: string, ...args: RawArgument[]) => number;
  /** A file descriptor of a fresh namespace: `unshare(flag)` in a short-lived thread, then open `/proc/thread-self/ns/<kind>`. */
  readonly freshNamespace: (flag: number, kind: string) => number;
  /** sendmsg(2) of one buffer with SCM_RIGHTS. */
  readonly sendFds: (socket: number, bytes: Uint8Array, fds: readonly number[], flags: number) => number;
  /** recvmsg(2) into one buffer; received descriptors (close-on-exec) are appended to `fds`. */
  readonly receiveFds: (socket: number, bytes: Uint8Array, fds: number[], flags: number) => number;
  /** bpf(2); each of `pointers` stores the address of its bytes at an offset of `attributes` before the call. */
  readonly bpf: (
    command: number,
    attributes: Uint8Array,
    pointers: readonly (readonly [offset: number, bytes: Uint8Array])[],
  ) => number;
  /** Files of one folder, many in a call; see file-list.ts. */
  readonly listFiles: (folder: number, into: Uint8Array) => number;
  /** Descriptors and ends are arrays of int32_t. */
  readonly listFolders: (folders: Uint8Array, into: Uint8Array, ends: Uint8Array) => number;
  readonly readFiles: (
    folder: number,
    records: Uint8Array,
    contents: Uint8Array,
    head: number,
    block: number,
  ) => number;
  readonly copyFiles: (folders: Uint8Array, records: Uint8Array) => number;
  /**
   * Gives up the pages of the program's code and constants: each comes back from its file, which is in memory as a rule, when
   * it is used again. 0 or -errno.
   */
  readonly releaseProgram: () => number;
  /** A thread that operates on files; see operations-beside.ts. `onEnd` hears `done << 12 | errno` for each token. */
  readonly startRunner: (onEnd: (token: number, result: number) => void) => RunnerHandle;
  /** 0, or -errno when it was not begun. `announceTo` stays the caller's, and open until `onEnd`; -1: none. */
  readonly runOperations: (
    handle: RunnerHandle,
    token: number,
    operations: Uint8Array,
    announceTo: number,
    word: number,
  ) => number;
  /** Threads that send files; see file-sender.ts. `onEnd` hears 0 or an errno for each token. */
  readonly startSender: (threads: number, onEnd: (token: number, errno: number) => void) => SenderHandle;
  /** 0, or -errno when it was not begun. Both descriptors stay the caller's, and open until `onEnd`. */
  readonly sendFile: (
    handle: SenderHandle,
    token: number,
    socket: number,
    file: number,
    start: number,
    end: number,
    head: Uint8Array,
  ) => number;
  /** A thread that answers questions for names; see name-responder.ts. `onQuestion` hears those that it does not know. */
  readonly startResponder: (
    rate: number,
    burst: number,
    onQuestion: (token: number, datagram: Uint8Array, sender: Uint8Array) => void,
  ) => ResponderHandle;
  /** 0 or -errno. `zones`: an array of uint32_t. */
  readonly serveNames: (handle: ResponderHandle, token: number, fd: number, zones: Uint8Array) => number;
  readonly endNames: (handle: ResponderHandle, token: number) => void;
  /** 0 or -errno. */
  readonly tellNames: (
    handle: ResponderHandle,
    zone: number,
    question: Uint8Array,
    records: Uint8Array | null,
    recordLength: number,
  ) => number;
  /** Starts a thread that waits on `epoll` and calls back on this thread; see poller.ts. */
  readonly startPoller: (epoll: number, onEvent: (token: number, events: number) => void) => PollerHandle;
  /** Whether a waiting poller keeps the process alive. */
  readonly refPoller: (handle: PollerHandle, ref: boolean) => void;
  /** No callback afterwards. Repeating it is allowed. */
  readonly stop: (handle: RunnerHandle | SenderHandle | ResponderHandle | PollerHandle) => void;
}

export type RunnerHandle = { readonly __runner: never };
export type SenderHandle = { readonly __sender: never };
export type ResponderHandle = { readonly __responder: never };
export type PollerHandle = { readonly __poller: never };

let loaded: Addon | undefined;

/** The addon, loaded at first use, once a thread. Throws `internal` when it cannot be loaded. */
export function addon(): Addon {
  loaded ??= load();
  return loaded;
}

/**
 * From memory, never from a file with a name: Bun's own way with an embedded addon goes through a foreseeable name in the
 * world-writable /tmp and trusts what it finds there.
 */
function load(): Addon {
  const module: { exports: unknown } = { exports: {} };
  try {
    withAnonymousExecutable("berth-sys", Bun.zstdDecompressSync(Uint8Array.fromBase64(addonBase64)), (path) =>
      process.dlopen(module, path),
    );
  } catch (error) {
    throw new BerthError("internal", `cannot load the native addon: ${messageOf(error)}`, {
      cause: error,
      hint: "Run `npm run build:native`.",
    });
  }
  return module.exports as Addon;
}
