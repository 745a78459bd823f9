import { invalid } from "#base/errors.ts";
import type { RegistryContext } from "../context.ts";

/** Arguments of an operation by name: texts, as commands and forms have them. */
export type Fields = Readonly<Record<string, string>>;

/** What an operation tells. */
export type Answer =
  | { readonly kind: "lines"; readonly lines: readonly string[] }
  | { readonly kind: "table"; readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] };

/** Something an administrator does to a registry, whether it serves at the moment or not. */
export type Operation = (context: RegistryContext, fields: Fields) => Answer | Promise<Answer>;

export const lines = (...texts: readonly string[]): Answer => ({ kind: "lines", lines: texts });

export function table(columns: readonly string[], rows: readonly (readonly string[])[]): Answer {
  return { kind: "table", columns, rows };
}

/** A field that must be given. `invalid-parameter`. */
export function required(fields: Fields, name: string): string {
  const value = fields[name] ?? "";
  if (value === "") throw invalid(`${name} is missing`);
  return value;
}

export function timeText(atMs: number | undefined): string {
  return atMs === undefined ? "" : new Date(atMs).toISOString().replace(/\.\d+Z$/, "Z");
}
