import { goTime } from "../time.ts";
import { formatDuration } from "../units.ts";
import { structInfo } from "./struct.ts";

/**
 * What a template sees. JSON values stand for Go's: an array for a slice, an object for a map with string keys. An object
 * made by {@link struct} stands for a Go struct: its fields have an order and asking for another is an error. A function
 * stands for a method and is called with the template's arguments.
 */
export type Value = unknown;

export function isMap(value: Value): value is Readonly<Record<string, Value>> {
  if (typeof value !== "object" || value === null || value instanceof TimeValue) return false;
  return !Array.isArray(value) && structInfo(value) === undefined;
}

const ELEMENT_ZERO = Symbol("element zero");
const NIL = Symbol("nil");

/** Marks a copy of `entries` as a map whose elements have a type: a missing key is its zero value, not a mistake. */
export function typedMap(entries: Readonly<Record<string, Value>>, elementZero: Value): Value {
  return Object.defineProperty({ ...entries }, ELEMENT_ZERO, { value: { elementZero }, enumerable: false });
}

export function isTypedMap(value: Value): boolean {
  return typeof value === "object" && value !== null && ELEMENT_ZERO in value;
}

/** The zero value of a map's elements; without a type what its elements tell. */
export function elementZero(map: Readonly<Record<string, Value>>): Value {
  const typed = (map as { readonly [ELEMENT_ZERO]?: { readonly elementZero: Value } })[ELEMENT_ZERO];
  if (typed !== undefined) return typed.elementZero;
  return Object.values(map).every((item) => typeof item === "string") ? "" : undefined;
}

/** Marks an empty slice or map as Go's nil of its type: it prints empty and is `null` in JSON. */
export function nil<T extends object>(empty: T): T {
  return Object.defineProperty(empty, NIL, { value: true, enumerable: false });
}

export function isTypedNil(value: Value): boolean {
  return typeof value === "object" && value !== null && NIL in value;
}

/** Go's notion of a non-zero value. */
export function truth(value: Value): boolean {
  if (value === null || value === undefined || value === false || value === "" || value === 0 || value === 0n)
    return false;
  if (value instanceof DurationValue) return value.nanoseconds !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  return true;
}

/** The type's name in messages. */
export function typeName(value: Value): string {
  if (value === null || value === undefined) return "<nil>";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  if (typeof value === "bigint") return "int64";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  if (value instanceof TimeValue) return "time.Time";
  if (Array.isArray(value)) return value.every((item) => typeof item === "string") ? "[]string" : "[]interface {}";
  return structInfo(value)?.typeName ?? "map[string]interface {}";
}

/** A time.Duration: printed in units, a number in JSON. */
export class DurationValue {
  readonly nanoseconds: number;

  constructor(nanoseconds: number) {
    this.nanoseconds = nanoseconds;
  }
}

/** A time.Time: printed as Go prints one, the text it came as in JSON. */
export class TimeValue {
  /** RFC 3339. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Go's `%v` inside another value, where nil is `<nil>`. */
export function display(value: Value): string {
  if (value === null || value === undefined) return "<nil>";
  if (value instanceof DurationValue) return formatDuration(BigInt(value.nanoseconds));
  if (value instanceof TimeValue) return goTime(value.text);
  if (typeof value === "number") return displayNumber(value);
  if (typeof value === "string") return value;
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(display).join(" ")}]`;
  const info = structInfo(value);
  const object = value as Readonly<Record<string, Value>>;
  if (info?.text !== undefined) return info.text;
  if (info !== undefined) return `{${info.fields.map((name) => display(object[name])).join(" ")}}`;
  const entries = Object.keys(object)
    .toSorted()
    .map((key) => `${key}:${display(object[key])}`);
  return `map[${entries.join(" ")}]`;
}

/** Go's %v of an int, or of a float64 with the shortest digits (%g). */
export function displayNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 63) return BigInt(value).toString();
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 21) return String(value);
  return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}
