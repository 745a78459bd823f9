import { BerthError } from "#base/errors.ts";
import type { Query } from "../query.ts";

/** The `h` and `w` of resize. `invalid-parameter` when one is missing or does not fit a terminal. */
export function sizeOf(query: Query): { readonly rows: number; readonly columns: number } {
  const rows = query.integer("h");
  const columns = query.integer("w");
  if (rows === undefined) throw invalid("h", query.text("h"));
  if (columns === undefined) throw invalid("w", query.text("w"));
  if (rows < 0 || rows > 0xffff) throw invalid("h", String(rows));
  if (columns < 0 || columns > 0xffff) throw invalid("w", String(columns));
  return { rows, columns };
}

const invalid = (name: string, value: string): BerthError =>
  new BerthError("invalid-parameter", `invalid resize ${name === "h" ? "height" : "width"} "${value}": invalid syntax`);
