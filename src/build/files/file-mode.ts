import { BerthError } from "#base/errors.ts";
import type { FileMode } from "../graph/types.ts";

const whoBits: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007 };

/** Permission bits that `--chmod` gives a file with the bits `mode`; words as in chmod(1), without umask. */
export function changedMode(change: FileMode | undefined, mode: number, isDirectory: boolean): number {
  if (change === undefined) return mode;
  if (typeof change === "number") return change;
  return change.symbolic.split(",").reduce((now, clause) => applyClause(clause, now, isDirectory), mode);
}

function applyClause(clause: string, mode: number, isDirectory: boolean): number {
  const match = /^([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)$/.exec(clause);
  if (match === null) throw new BerthError("invalid-parameter", `invalid chmod: ${JSON.stringify(clause)}`);
  const [, who = "", actions = ""] = match;
  const mask = Array.from(who === "" || who.includes("a") ? "ugo" : who).reduce(
    (bits, letter) => bits | (whoBits[letter] ?? 0),
    0,
  );
  let now = mode;
  for (const [, operator, permissions = ""] of actions.matchAll(/([-+=])([ugo]|[rwxXst]*)/g)) {
    const bits = mask & bitsOf(permissions, now, isDirectory);
    if (operator === "+") now |= bits;
    else if (operator === "-") now &= ~bits;
    else now = (now & ~(mask & 0o777)) | bits;
  }
  return now;
}

function bitsOf(permissions: string, mode: number, isDirectory: boolean): number {
  const copied = { u: mode >> 6, g: mode >> 3, o: mode }[permissions];
  if (copied !== undefined) return (copied & 0o7) * 0o111;
  const executable = isDirectory || (mode & 0o111) !== 0;
  const each: Readonly<Record<string, number>> = {
    r: 0o444,
    w: 0o222,
    x: 0o111,
    X: executable ? 0o111 : 0,
    s: 0o6000,
    t: 0o1000,
  };
  return Array.from(permissions).reduce((bits, letter) => bits | (each[letter] ?? 0), 0);
}
