import { normalize } from "node:path/posix";
import { BerthError } from "#base/errors.ts";
import { printable, type ByteString } from "#spec/tar/byte-string.ts";

/** A member's place below the root of a tree: `directory` is "" for the root, `name` is "" for the root itself. */
export interface MemberPath {
  readonly directory: ByteString;
  readonly name: ByteString;
  /** Both joined with "/". */
  readonly key: ByteString;
}

/**
 * Clean a member's or hard link's name as Go's `filepath.Clean` does: leading slashes, `.` and empty components go, `x/..`
 * cancels out. What climbs above the root is refused, `invalid-parameter` "… is outside of `place`"; symbolic links are
 * not this function's matter.
 */
export function memberPath(name: ByteString, place: string): MemberPath {
  if (isClean(name)) return split(name);
  const kept: ByteString[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") kept.push(part);
    else if (kept.pop() === undefined && !name.startsWith("/")) throw breakout(name, place);
  }
  if (name.includes("\0")) throw breakout(name, place);
  return split(kept.join("/"));
}

/** Parent of a cleaned key; "" for the root. */
export function parentKey(key: ByteString): ByteString {
  const slash = key.lastIndexOf("/");
  return slash < 0 ? "" : key.slice(0, slash);
}

export function lastComponent(key: ByteString): ByteString {
  return key.slice(key.lastIndexOf("/") + 1);
}

function split(key: ByteString): MemberPath {
  return { directory: parentKey(key), name: lastComponent(key), key };
}

/** The common case, told without building a list. */
function isClean(name: ByteString): boolean {
  return !/^[/.]|\/[/.]|\/$|\0/.test(name) && name !== "";
}

function breakout(name: ByteString, place: string): BerthError {
  return new BerthError("invalid-parameter", `"${printable(normalize(name))}" is outside of ${place}`);
}
