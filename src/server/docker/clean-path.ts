import { posix } from "node:path";
import { BerthError } from "#base/errors.ts";

/**
 * A request's path part by part: escapes undone as bytes, and bytes that are no UTF-8 replaced, as Go prints them.
 * `invalid-parameter` for an escape that is none.
 */
export function unescapePath(text: string): string {
  if (!text.includes("%")) return text;
  if (/%(?![0-9a-f]{2})/i.test(text)) throw new BerthError("invalid-parameter", "invalid URL escape in path");
  // Every second part is what a pair of digits stands for.
  const parts = text.split(/%([0-9a-f]{2})/i).map((part, index) => Buffer.from(part, index % 2 === 0 ? "utf8" : "hex"));
  return Buffer.concat(parts).toString("utf8");
}

/**
 * Where a path with empty, `.` or `..` parts leads; undefined when it has none. docker-compat: such a path is answered
 * with 301 before anything else is looked at.
 */
export function cleanedPath(path: string): string | undefined {
  const plain = unescapePath(path);
  if (plain.startsWith("/") && !plain.includes("//") && !plain.includes("/.")) return undefined;
  const clean = posix.normalize(plain.startsWith("/") ? plain : `/${plain}`);
  if (clean === plain) return undefined;
  return clean.split("/").map(encodeURIComponent).join("/");
}
