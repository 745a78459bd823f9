import { BerthError } from "#base/errors.ts";

/** An object's name or id as one segment of a path, `invalid-parameter` in docker's words when there is nothing in it. */
export function objectSegment(kind: "container" | "network" | "volume", name: string): string {
  return encodeURIComponent(objectName(kind, name));
}

/** Like {@link objectSegment}, for a body. */
export function objectName(kind: "container" | "network" | "volume", name: string): string {
  const trimmed = name.trim();
  if (trimmed === "") throw new BerthError("invalid-parameter", `invalid ${kind} name or ID: value is empty`);
  return trimmed;
}
