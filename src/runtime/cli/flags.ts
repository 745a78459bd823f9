import { BerthError } from "#base/errors.ts";

/** Flags of one command: `switch` takes no value, `text` one, `list` may be given several times. */
export type FlagTable = Readonly<Record<string, "switch" | "text" | "list">>;

export interface ParsedFlags {
  readonly rest: readonly string[];
  switch(name: string): boolean;
  text(name: string): string | undefined;
  list(name: string): readonly string[];
  /** A whole number of zero or more; `otherwise` when it is not given. */
  count(name: string, otherwise: number): number;
}

/**
 * Flags before the first word that is none, as runc's command line takes them: `--name value`, `--name=value`, one dash as
 * well, `--` ends them. `aliases` maps short names. `invalid-parameter` for an unknown flag or a missing value.
 */
export function parseFlags(
  args: readonly string[],
  table: FlagTable,
  aliases: Readonly<Record<string, string>> = {},
): ParsedFlags {
  const values = new Map<string, string[]>();
  let at = 0;
  for (; at < args.length; at++) {
    const word = args[at] ?? "";
    if (word === "--") {
      at++;
      break;
    }
    const match = /^--?([a-zA-Z][\w-]*)(?:=(.*))?$/su.exec(word);
    if (match === null) break;
    const given = match[1] ?? "";
    const name = aliases[given] ?? given;
    const kind = Object.hasOwn(table, name) ? table[name] : undefined;
    if (kind === undefined) throw new BerthError("invalid-parameter", `flag provided but not defined: -${given}`);
    let value = match[2];
    if (kind !== "switch" && value === undefined) value = args[++at];
    if (kind !== "switch" && value === undefined)
      throw new BerthError("invalid-parameter", `flag needs an argument: -${given}`);
    values.set(name, [...(values.get(name) ?? []), value ?? "true"]);
  }
  const last = (name: string): string | undefined => values.get(name)?.at(-1);
  return {
    rest: args.slice(at),
    switch: (name) => (last(name) ?? "false") === "true",
    text: last,
    list: (name) => values.get(name) ?? [],
    count: (name, otherwise) => {
      const text = last(name);
      if (text === undefined) return otherwise;
      if (!/^\d{1,9}$/u.test(text))
        throw new BerthError("invalid-parameter", `invalid value ${JSON.stringify(text)} for flag -${name}`);
      return Number(text);
    },
  };
}
