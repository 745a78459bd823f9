import type { Server } from "node:net";

import { BerthError, messageOf } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";

import { parentOf, removeFile } from "../files/files.ts";
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  LOCK_EX,
  LOCK_NB,
  O_CREAT,
  O_NOFOLLOW,
  O_RDWR,
  S_IFMT,
  S_IFSOCK,
} from "../kernel/linux.ts";
import { close, fchmodat, fchownat, flock, lstatMaybe, open, renameat2, statx } from "../kernel/syscalls.ts";

export interface UnixListener {
  readonly path: string;
  /** Stop accepting and remove the socket's name, if it still is this socket's. Open connections go on. */
  close(): void;
}

/** unix(7): sun_path has room for 108 bytes with the final NUL. */
const MAX_PATH_BYTES = 107;

/**
 * Make `server` (of node:net) listen at `path`, with exactly this mode and owner from the first moment the
 * name exists. A socket that nobody listens on any more is replaced in one step; `conflict` when somebody does, or when
 * the name is something else than a socket, `invalid-parameter` when it is too long. `<path>.lock` is held as long as
 * the listener lives, so that of two engines that start at once one wins.
 */
export function listenUnix(server: Server, options: UnixPlace): Promise<UnixListener> {
  return claimUnixPath(options, {
    listenAt: (temporary) => listening(server, temporary),
    close: () => void server.close(),
  });
}

export interface UnixPlace {
  readonly path: string;
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** {@link listenUnix} for whatever can listen at a path. */
export async function claimUnixPath(
  options: UnixPlace,
  socket: { listenAt(temporary: string): Promise<void> | void; close(): void },
): Promise<UnixListener> {
  const { path } = options;
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new BerthError("invalid-parameter", `the socket path ${path} is longer than ${MAX_PATH_BYTES} bytes`);
  }
  const lock = lockFor(path);
  const temporary = `${parentOf(path)}/.${randomHex(3)}`;
  try {
    await refuseLiveSocket(path);
    await socket.listenAt(temporary);
    fchownat(AT_FDCWD, temporary, options.uid ?? 0, options.gid ?? 0);
    fchmodat(AT_FDCWD, temporary, options.mode);
    renameat2(AT_FDCWD, temporary, AT_FDCWD, path);
  } catch (error) {
    socket.close();
    removeFile(temporary);
    close(lock);
    throw error;
  }
  const own = statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW);
  let open = true;
  return {
    path,
    close() {
      if (!open) return;
      open = false;
      socket.close();
      const now = lstatMaybe(AT_FDCWD, path);
      if (now?.ino === own.ino && now.devMajor === own.devMajor && now.devMinor === own.devMinor) removeFile(path);
      close(lock);
    },
  };
}

function lockFor(path: string): number {
  const fd = open(`${path}.lock`, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  if (flock(fd, LOCK_EX | LOCK_NB)) return fd;
  close(fd);
  throw inUse(path);
}

async function refuseLiveSocket(path: string): Promise<void> {
  const stat = lstatMaybe(AT_FDCWD, path);
  if (stat === undefined) return;
  if ((stat.mode & S_IFMT) !== S_IFSOCK) throw new BerthError("conflict", `${path} exists and is not a socket`);
  if (await accepts(path)) throw inUse(path);
}

async function accepts(path: string): Promise<boolean> {
  try {
    const probe = await Bun.connect({ unix: path, socket: { data: () => undefined } });
    probe.terminate();
    return true;
  } catch {
    return false;
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => {
      reject(new BerthError("internal", `cannot listen at ${path}: ${messageOf(error)}`, { cause: error }));
    };
    server.once("error", onError);
    server.listen({ path }, () => {
      server.off("error", onError);
      resolve();
    });
  });
}

function inUse(path: string): BerthError {
  return new BerthError("conflict", `${path} is in use by another program`, {
    hint: "Stop the engine that listens there, or choose another socket with -H.",
  });
}
