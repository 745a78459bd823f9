import { normalize } from "node:path/posix";
import { BerthError } from "#base/errors.ts";
import { printable } from "#spec/tar/byte-string.ts";
import type { TarEntry } from "#spec/tar/tar-reader.ts";
import { SyscallError } from "../kernel/errno.ts";
import type { MemberPath } from "./member-path.ts";

/** docker-compat: "write /usr/bin/x: no space left on device". `path` is shown as it is. */
export function refused(what: string, errno: number, path: string): BerthError {
  const { kind, message, details } = new SyscallError(what, errno, path);
  return new BerthError(kind, message, { details });
}

/**
 * docker-compat: links whose target, read as text, lies outside of `place` are refused, although no link could lead the
 * writer there. `invalid-parameter`.
 */
export function checkLinks(entry: TarEntry, path: MemberPath, place: string): void {
  if (entry.type !== "symlink" && entry.type !== "hardlink") return;
  const above = entry.type === "symlink" ? `${place}/${path.directory}` : place;
  const target = normalize(`/${above}/${entry.linkName}`);
  if (target.startsWith(place)) return;
  const subject = entry.type === "symlink" ? normalize(`${place}/${path.key}`) : target;
  const message = `invalid ${entry.type} "${printable(subject)}" -> "${printable(entry.linkName)}"`;
  throw new BerthError("invalid-parameter", message);
}

/** The system call that makes a member, as messages name it. */
export const createVerb: Readonly<Record<TarEntry["type"], string>> = {
  file: "open",
  directory: "mkdir",
  symlink: "symlink",
  hardlink: "link",
  character: "mknod",
  block: "mknod",
  fifo: "mknod",
};
