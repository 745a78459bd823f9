import { BerthError } from "#base/errors.ts";
import type { Query } from "../query.ts";

/** The `h` and `w` of resize. `invalid-parameter` in Docker's words unless both are numbers of 32 bits. */
export function sizeOf(query: Query): { readonly rows: number; readonly columns: number } {
  return { rows: sideOf(query, "h", "height"), columns: sideOf(query, "w", "width") };
}

function sideOf(query: Query, name: string, word: string): number {
  const text = query.text(name);
  const wrong = (why: string): BerthError =>
    new BerthError("invalid-parameter", `invalid resize ${word} ${JSON.stringify(text)}: ${why}`);
  if (!/^-?\d+$/.test(text)) throw wrong("invalid syntax");
  const value = Number(text);
  if (text.startsWith("-") || value >= 2 ** 32) throw wrong("value out of range");
  // The kernel's window size has 16 bits (ioctl_tty(2)); Docker cuts off the others.
  return value % 0x10000;
}
