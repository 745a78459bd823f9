import { BerthError } from "#base/errors.ts";

/**
 * The JSON shapes of the Engine API as data, read with the rules of Go's `encoding/json`, because clients rely on them:
 * property names match without regard to case, `null` leaves the zero value, unknown properties are ignored, and a value
 * of the wrong type is an error that names the Go struct field.
 */
export interface Shape<T> {
  /** Go's name of the type, as it appears in decode errors. */
  readonly goType: string;
  /** The value a missing or null property has. */
  readonly zero: T;
  decode(value: unknown, at: Location): T;
  /** The JSON value of `value`; objects drop the properties Go marks `omitempty`. */
  print(value: T): unknown;
  /** Go's `omitempty`: left out of the printed object when empty. */
  readonly omitEmpty: boolean;
}

/** Where in a document its reader is: one for all of it, moved along, since only an error asks. */
export interface Location {
  /** Go's name of the innermost struct. */
  struct: string;
  readonly path: string[];
}

export type Decoded<S> = S extends Shape<infer T> ? T : never;

const kindOf = (value: unknown): string => {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return value === null ? "null" : typeof value;
};

function mismatch(value: unknown, goType: string, at: Location): BerthError {
  const kind = typeof value === "number" && goType.includes("int") ? `number ${String(value)}` : kindOf(value);
  const where = at.path.length === 0 ? "Go value" : `Go struct field ${at.struct}.${at.path.join(".")}`;
  return new BerthError(
    "invalid-parameter",
    `invalid JSON: json: cannot unmarshal ${kind} into ${where} of type ${goType}`,
  );
}

const isEmpty = (value: unknown): boolean => {
  if (value === null || value === undefined || value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value).length === 0;
};

function scalar<T extends string | number | boolean>(
  goType: string,
  zero: T,
  accepts: (value: unknown) => boolean,
): Shape<T> {
  return {
    goType,
    zero,
    omitEmpty: false,
    decode(value, at) {
      if (!accepts(value)) throw mismatch(value, goType, at);
      return value as T;
    },
    print: (value) => value,
  };
}

export const text: Shape<string> = scalar("string", "", (value) => typeof value === "string");
export const flag: Shape<boolean> = scalar("bool", false, (value) => typeof value === "boolean");
/** Integers keep JavaScript's exact range; what lies beyond 2^53 is no size or count that a machine has. */
const isInt64 = (value: unknown): boolean => Number.isInteger(value) && Math.abs(value as number) < 2 ** 63;
export const int64: Shape<number> = scalar("int64", 0, isInt64);
export const int: Shape<number> = scalar("int", 0, isInt64);
export const uint: Shape<number> = scalar(
  "uint",
  0,
  (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 64,
);
export const uint16: Shape<number> = scalar(
  "uint16",
  0,
  (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff,
);
export const uint64: Shape<number> = { ...uint, goType: "uint64" };

/** A string of a named Go type, such as container.NetworkMode. */
export const named = (goType: string): Shape<string> => scalar(goType, "", (value) => typeof value === "string");

/** A pointer in Go: absent stays null. */
export function nullable<T>(inner: Shape<T>): Shape<T | null> {
  return {
    goType: inner.goType,
    zero: null,
    omitEmpty: inner.omitEmpty,
    decode: (value, at) => (value === null || value === undefined ? null : inner.decode(value, at)),
    print: (value) => (value === null ? null : inner.print(value)),
  };
}

/** A slice: null and missing stay null, as inspect prints them. */
export function list<T>(inner: Shape<T>): Shape<readonly T[] | null> {
  const goType = `[]${inner.goType}`;
  return {
    goType,
    zero: null,
    omitEmpty: false,
    decode(value, at) {
      if (!Array.isArray(value)) throw mismatch(value, goType, at);
      return value.map((item: unknown) => (item === null ? inner.zero : inner.decode(item, at)));
    },
    print: (value) => (value === null ? null : value.map((item) => inner.print(item))),
  };
}

export function dict<T>(inner: Shape<T>): Shape<Readonly<Record<string, T>> | null> {
  const goType = `map[string]${inner.goType}`;
  return {
    goType,
    zero: null,
    omitEmpty: false,
    decode(value, at) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) throw mismatch(value, goType, at);
      const out: Record<string, T> = Object.create(null) as Record<string, T>;
      for (const key in value) {
        const item = (value as Record<string, unknown>)[key];
        at.path.push(key);
        out[key] = item === null ? inner.zero : inner.decode(item, at);
        at.path.pop();
      }
      return out;
    },
    print(value) {
      if (value === null) return null;
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inner.print(item)]));
    },
  };
}

/** Docker's strslice: a list of strings, or one string standing for a list of one. */
export const words: Shape<readonly string[] | null> = {
  goType: "[]string",
  zero: null,
  omitEmpty: false,
  decode: (value, at) => (typeof value === "string" ? [value] : list(text).decode(value, at)),
  print: (value) => value,
};

/** Go's empty struct, the value of sets such as ExposedPorts. */
export const emptyObject: Shape<Readonly<Record<string, never>>> = {
  goType: "struct {}",
  zero: {},
  omitEmpty: false,
  decode(value, at) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw mismatch(value, "struct {}", at);
    return {};
  },
  print: () => ({}),
};

/** A fixed array of two numbers: ConsoleSize. */
export const pair: Shape<readonly [number, number]> = {
  goType: "[2]uint",
  zero: [0, 0],
  omitEmpty: false,
  decode(value, at) {
    if (!Array.isArray(value)) throw mismatch(value, "[2]uint", at);
    const [first, second] = value as readonly unknown[];
    return [first === undefined ? 0 : uint.decode(first, at), second === undefined ? 0 : uint.decode(second, at)];
  },
  print: (value) => value,
};

export const omitEmpty = <T>(inner: Shape<T>): Shape<T> => ({ ...inner, omitEmpty: true });

/** A Go struct; the order of `fields` is the order of printing. */
export function struct<F extends Readonly<Record<string, Shape<never> | Shape<unknown>>>>(
  goName: string,
  fields: F,
): Shape<{ readonly [K in keyof F]: Decoded<F[K]> }> {
  type Value = { readonly [K in keyof F]: Decoded<F[K]> };
  const entries = Object.entries(fields) as unknown as readonly (readonly [string, Shape<unknown>])[];
  const zero = Object.fromEntries(entries.map(([name, shape]) => [name, shape.zero])) as Value;
  const simple = simpleName(goName);
  const byName = new Map<string, { readonly name: string; readonly shape: Shape<unknown> }>();
  for (const [name, shape] of entries) byName.set(name, { name, shape }).set(name.toLowerCase(), { name, shape });
  return {
    goType: goName,
    zero,
    omitEmpty: false,
    decode(value, at) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) throw mismatch(value, goName, at);
      const out: Record<string, unknown> = { ...zero };
      const outer = at.struct;
      at.struct = simple;
      for (const key in value) {
        const item = (value as Record<string, unknown>)[key];
        const field = byName.get(key) ?? byName.get(key.toLowerCase());
        if (field === undefined || item === null) continue;
        at.path.push(field.name);
        out[field.name] = field.shape.decode(item, at);
        at.path.pop();
      }
      at.struct = outer;
      return out as Value;
    },
    print(value) {
      const out: Record<string, unknown> = {};
      for (const [name, shape] of entries) {
        const item = (value as Record<string, unknown>)[name] ?? shape.zero;
        if (shape.omitEmpty && isEmpty(item)) continue;
        out[name] = shape.print(item);
      }
      return out;
    },
  };
}

const simpleName = (goName: string): string => goName.slice(goName.lastIndexOf(".") + 1);

/** Decode a whole document. `invalid-parameter` with Go's wording for a value of the wrong type. */
export function decode<T>(shape: Shape<T>, value: unknown): T {
  if (value === null || value === undefined) return shape.zero;
  return shape.decode(value, { struct: simpleName(shape.goType), path: [] });
}
