import { BerthError } from "#base/errors.ts";
import { SyscallError } from "#host/kernel/errno.ts";
import { readAll } from "#host/files/files.ts";
import {
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  S_IFCHR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from "#host/kernel/linux.ts";
import { close, fdPath, fstat, getxattr, open, raw, readlinkat } from "#host/kernel/syscalls.ts";
import type { RootMount } from "#snapshot/types.ts";

const MAX_LINKS = 40;
const ENOENT = 2;
const ENOTDIR = 20;
const ENAMETOOLONG = 36;
const OPAQUE = "trusted.overlay.opaque";
const decoder = new TextDecoder();

/** A directory of the merged view: the real directories it is made of, topmost first. Descriptors are O_PATH. */
type Merged = readonly number[];

type Found = { readonly kind: "directory"; readonly parts: Merged } | { readonly kind: "other"; readonly fd: number };

/**
 * Reads a container's root through its overlay directories without mounting it (the mount lives in the container's own
 * mount namespace): whiteouts and opaque directories hide what is below, symlinks are followed inside the root. Every
 * name is opened relative to its directory's descriptor and never followed by the kernel, so a container that swaps
 * directories for symlinks meanwhile leads nowhere. See the kernel's filesystems/overlayfs.rst.
 */
export class OverlayReader {
  readonly #layers: readonly string[];

  constructor(root: RootMount) {
    this.#layers = [root.upperDir, ...root.lowerDirs];
  }

  /** Text of a regular file; undefined when there is none of that name. `resource-exhausted` above `maxBytes`. */
  readText(path: string, maxBytes: number): string | undefined {
    const opened: number[] = [];
    try {
      const found = this.#resolve(path, opened);
      if (found?.kind !== "other" || (fstat(found.fd).mode & S_IFMT) !== S_IFREG) return undefined;
      const fd = open(fdPath(found.fd), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
      opened.push(fd);
      return decoder.decode(readAll(fd, maxBytes, path));
    } finally {
      for (const fd of opened) close(fd);
    }
  }

  /** What has this name, symlinks followed. */
  kind(path: string): "directory" | "file" | undefined {
    const opened: number[] = [];
    try {
      const found = this.#resolve(path, opened);
      return found === undefined ? undefined : found.kind === "directory" ? "directory" : "file";
    } finally {
      for (const fd of opened) close(fd);
    }
  }

  #resolve(path: string, opened: number[]): Found | undefined {
    const root: Merged = this.#layers.map((layer) => track(open(layer, O_PATH | O_DIRECTORY | O_CLOEXEC), opened));
    const trail: Merged[] = [root];
    const names = split(path);
    let links = 0;
    for (;;) {
      const here = trail.at(-1) ?? root;
      const name = names.shift();
      if (name === undefined) return { kind: "directory", parts: here };
      if (name === "..") {
        if (trail.length > 1) trail.pop();
        continue;
      }
      const found = lookUp(here, name, opened);
      if (found === undefined) return undefined;
      if (found.kind === "directory") {
        trail.push(found.parts);
        continue;
      }
      if ((fstat(found.fd).mode & S_IFMT) !== S_IFLNK) return names.length === 0 ? found : undefined;
      if (++links > MAX_LINKS) throw new BerthError("invalid-parameter", `${path}: too many levels of symbolic links`);
      const target = decoder.decode(readlinkat(found.fd, ""));
      if (target.startsWith("/")) trail.length = 1;
      names.unshift(...split(target));
    }
  }
}

function lookUp(parent: Merged, name: string, opened: number[]): Found | undefined {
  const parts: number[] = [];
  for (const directory of parent) {
    const fd = openEntry(directory, name);
    if (fd === undefined) continue;
    track(fd, opened);
    const { mode, rdevMajor, rdevMinor } = fstat(fd);
    const type = mode & S_IFMT;
    if (type === S_IFCHR && rdevMajor === 0 && rdevMinor === 0) break;
    if (type !== S_IFDIR) {
      if (parts.length === 0) return { kind: "other", fd };
      break;
    }
    parts.push(fd);
    if (decoder.decode(getxattr(fdPath(fd), OPAQUE) ?? new Uint8Array()) === "y") break;
  }
  return parts.length === 0 ? undefined : { kind: "directory", parts };
}

/** Most layers have most names not: that must not cost an exception. */
function openEntry(directory: number, name: string): number | undefined {
  const fd = raw("openat", directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
  if (fd >= 0) return fd;
  if (fd === -ENOENT || fd === -ENOTDIR || fd === -ENAMETOOLONG) return undefined;
  throw new SyscallError("openat", -fd, name);
}

function track(fd: number, opened: number[]): number {
  opened.push(fd);
  return fd;
}

const split = (path: string): string[] => path.split("/").filter((part) => part !== "" && part !== ".");
