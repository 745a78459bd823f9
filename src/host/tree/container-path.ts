import { normalize } from "node:path/posix";
import { hasCode, SyscallError } from "../kernel/errno.ts";
import { withFd } from "../files/files.ts";
import { O_NOFOLLOW, O_PATH, S_IFLNK, S_IFMT } from "../kernel/linux.ts";
import { openInRoot } from "../files/rooted-path.ts";
import { fstat, readlinkat } from "../kernel/syscalls.ts";

const MAX_LINKS = 255;

/**
 * A path as a client wrote it, made absolute and clean, with the trailing `/` or `/.` kept that says "the directory
 * itself": `a/../b/.` is `/b/.`. Nothing climbs above the root.
 */
export function absolutePath(path: string): string {
  const clean = normalize(`/${path}`).replace(/(.)\/$/, "$1");
  if (/(^|\/)\.\/*$/.test(path)) return clean === "/" ? "/." : `${clean}/.`;
  return path.endsWith("/") && clean !== "/" ? `${clean}/` : clean;
}

/** The name under which Docker shows an {@link absolutePath}: `.` for `/a/.`, `/` for the root, else its last part. */
export function baseName(path: string): string {
  if (path === "/") return "/";
  const bare = path.replace(/\/$/, "");
  return bare.slice(bare.lastIndexOf("/") + 1);
}

/**
 * Where `path` leads inside the root when every symlink is followed, as text; what does not exist stays as it is. For
 * showing and as the start of a scoped lookup: others may change the links meanwhile. ELOOP past 255 links.
 */
export function evaluateInRoot(rootFd: number, path: string): string {
  const todo = path.split("/");
  let done = "";
  let links = 0;
  for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      done = done.slice(0, Math.max(0, done.lastIndexOf("/")));
      continue;
    }
    const target = readLinkInRoot(rootFd, `${done}/${part}`);
    if (target === undefined) done += `/${part}`;
    else {
      if (++links > MAX_LINKS) throw new SyscallError("evaluate", 40, path);
      if (target.startsWith("/")) done = "";
      todo.unshift(...target.split("/"));
    }
  }
  return done === "" ? "/" : done;
}

function readLinkInRoot(rootFd: number, path: string): string | undefined {
  try {
    return withFd(openInRoot(rootFd, path, O_PATH | O_NOFOLLOW), (fd) =>
      (fstat(fd).mode & S_IFMT) === S_IFLNK ? new TextDecoder().decode(readlinkat(fd, "")) : undefined,
    );
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
