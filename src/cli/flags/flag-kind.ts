/**
 * What a flag accepts. A kind is data plus one pure function, so that the table of commands stays data; errors thrown by
 * `accept` become `invalid argument "x" for "-f, --flag" flag: <message>`, as docker prints them.
 */
export interface FlagKind<T> {
  /** The word after the flag in `--help`; empty for a switch. */
  readonly typeName: string;
  readonly initial: T;
  /** The value after one more occurrence with `text`. */
  accept(before: T, text: string): T;
  /** A switch needs no argument: bare `--flag` means this text. */
  readonly bareText?: string;
}

/** One flag of a command. */
export interface FlagSpec {
  readonly name: string;
  readonly short?: string;
  readonly kind: FlagKind<unknown>;
  readonly usage: string;
  /** Shown as `(default …)`; the value itself when `value` is not given. */
  readonly fallback?: string;
  /** The value before any occurrence, when it differs from the kind's. */
  readonly value?: unknown;
  readonly hidden?: boolean;
  /** Its heading in `--help`, where a command has more than one. */
  readonly section?: string;
  /** Engines on this system only; with ours (Linux) the flag is refused. */
  readonly onlyOn?: "windows";
  /** The Engine API that has it; asked for when the flag is given. */
  readonly sinceApi?: string;
  /** A second spelling that sets the flag of this name. */
  readonly aliasOf?: string;
  /** Printed once when the flag is used: `Flag --x has been deprecated, <text>`. */
  readonly deprecated?: string;
}

export const text: FlagKind<string> = { typeName: "string", initial: "", accept: (_before, value) => value };

export const toggle: FlagKind<boolean> = {
  typeName: "",
  initial: false,
  bareText: "true",
  accept: (_before, value) => parseBool(value),
};

export const int: FlagKind<number> = {
  typeName: "int",
  initial: 0,
  accept: (_before, value) => parseInteger(value, "ParseInt"),
};
export const uint: FlagKind<number> = {
  typeName: "uint",
  initial: 0,
  accept: (_before, value) => parseInteger(value, "ParseUint"),
};
export const uint16: FlagKind<number> = {
  typeName: "uint16",
  initial: 0,
  accept(_before, value) {
    const parsed = parseInteger(value, "ParseUint");
    if (parsed > 0xffff) throw new Error(`strconv.ParseUint: parsing ${JSON.stringify(value)}: value out of range`);
    return parsed;
  },
};

/** Every occurrence as it was written. */
export const list: FlagKind<readonly string[]> = {
  typeName: "list",
  initial: [],
  accept: (before, value) => [...before, value],
};

/** Every occurrence after `check`, which may change it or throw. */
export function checkedList(check: (value: string) => string): FlagKind<readonly string[]> {
  return { typeName: "list", initial: [], accept: (before, value) => [...before, check(value)] };
}

/** Values separated by commas as well as repeated. */
export const strings: FlagKind<readonly string[]> = {
  typeName: "strings",
  initial: [],
  accept: (before, value) => [...before, ...(value === "" ? [] : value.split(","))],
};

/** `key=value` items; a key alone has the empty value, a later one replaces an earlier. */
export const map: FlagKind<Readonly<Record<string, string>>> = {
  typeName: "map",
  initial: {},
  accept(before, value) {
    const equals = value.indexOf("=");
    return equals === -1
      ? { ...before, [value]: "" }
      : { ...before, [value.slice(0, equals)]: value.slice(equals + 1) };
  },
};

/** `name=value` filters: name trimmed and lower-cased, values kept by name in order. */
export const filter: FlagKind<Readonly<Record<string, readonly string[]>>> = {
  typeName: "filter",
  initial: {},
  accept(before, value) {
    if (value === "") return before;
    const at = value.indexOf("=");
    if (at === -1) throw new Error("bad format of filter (expected name=value)");
    const name = value.slice(0, at).trim().toLowerCase();
    const wanted = value.slice(at + 1).trim();
    return { ...before, [name]: [...(before[name] ?? []), wanted] };
  },
};

const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** Go's strconv.ParseBool. */
export function parseBool(value: string): boolean {
  if (TRUE.has(value)) return true;
  if (FALSE.has(value)) return false;
  throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
}

/** Go's strconv.ParseInt and ParseUint with base 0: decimal, 0x, 0o, 0b, underscores between digits. */
export function parseInteger(value: string, goFunction: "ParseInt" | "ParseUint"): number {
  const match =
    /^([+-]?)(?:0[xX]((?:_?[0-9a-fA-F])+)|0[bB]((?:_?[01])+)|0[oO]?((?:_?[0-7])+)|((?:[1-9](?:_?[0-9])*)|0))$/.exec(
      value,
    );
  const sign = match?.[1] ?? "";
  if (match === null || (goFunction === "ParseUint" && sign !== "")) {
    throw new Error(`strconv.${goFunction}: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  const [, , hex, binary, octal, decimal] = match.map((part) => part?.replaceAll("_", ""));
  const digits = hex ?? binary ?? octal ?? decimal ?? "0";
  const base = hex !== undefined ? 16 : binary !== undefined ? 2 : octal !== undefined ? 8 : 10;
  const parsed = Number.parseInt(digits, base) * (sign === "-" ? -1 : 1);
  if (Math.abs(parsed) >= 2 ** 63)
    throw new Error(`strconv.${goFunction}: parsing ${JSON.stringify(value)}: value out of range`);
  return parsed === 0 ? 0 : parsed;
}
