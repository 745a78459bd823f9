import { wrong } from "../dockerfile-error.ts";
import { suggest } from "../suggest.ts";

/** What a flag takes: a text, `true` or `false`, or a text as often as one likes. */
export type FlagKind = "text" | "switch" | "list";
export type FlagKinds = Readonly<Record<string, FlagKind>>;

/** Flags of one instruction. */
export interface Flags {
  /** Names given, once each, in their order. */
  readonly given: readonly string[];
  /** Empty when not given. */
  text(name: string): string;
  /** Undefined when not given. */
  switch(name: string): boolean | undefined;
  list(name: string): readonly string[];
}

/** Flags by the kinds an instruction knows. `invalid-parameter` in BuildKit's words. */
export function parseFlags(words: readonly string[], kinds: FlagKinds): Flags {
  const values = new Map<string, string[]>();
  for (const word of words) {
    const [written = "", ...parts] = word.split("=");
    const value = word.includes("=") ? parts.join("=") : undefined;
    const name = written.slice(2);
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) throw unknownFlag(written, name, Object.keys(kinds));
    if (kind !== "list" && values.has(name)) throw wrong(`duplicate flag specified: ${written}`);
    values.set(name, [...(values.get(name) ?? []), checked(kind, written, value)]);
  }
  return {
    given: [...values.keys()],
    text: (name) => values.get(name)?.[0] ?? "",
    switch: (name) => (values.has(name) ? values.get(name)?.[0] === "true" : undefined),
    list: (name) => values.get(name) ?? [],
  };
}

function checked(kind: FlagKind, written: string, value: string | undefined): string {
  if (kind !== "switch") {
    if (value === undefined) throw wrong(`missing a value on flag: ${written}`);
    return value;
  }
  if (value === "") throw wrong(`missing a value on flag: ${written}`);
  const word = (value ?? "true").toLowerCase();
  if (word !== "true" && word !== "false")
    throw wrong(`expecting boolean value for flag ${written}, not: ${value ?? ""}`);
  return word;
}

function unknownFlag(written: string, name: string, known: readonly string[]): Error {
  const near = suggest(name, known);
  const hint = known.length === 0 ? "the instruction takes no flags" : `known here: --${known.join(", --")}`;
  return wrong(`unknown flag: ${written}${near === undefined ? "" : ` (did you mean ${near}?)`}`, hint);
}
