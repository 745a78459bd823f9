import { sprintf } from "./printf.ts";
import { structInfo } from "./struct.ts";
import {
  display,
  DurationValue,
  elementZero,
  isMap,
  isTypedNil,
  TimeValue,
  truth,
  typeName,
  type Value,
} from "./value.ts";

export type TemplateFunction = (...args: Value[]) => Value;

/** Go's own functions and those docker adds (json, join, split, …). `and` and `or` are evaluated by the caller, lazily. */
export const templateFunctions: Readonly<Record<string, TemplateFunction>> = {
  and: (...args) => args.find((value) => !truth(value)) ?? args.at(-1),
  or: (...args) => args.find(truth) ?? args.at(-1),
  not: (value) => !truth(value),
  len,
  index: (container, ...keys) => keys.reduce(indexOne, container),
  slice,
  call: (value) => {
    throw new Error(`non-function value of type ${typeName(value)}`);
  },
  print: (...args) => sprint(args),
  println: (...args) => `${args.map(display).join(" ")}\n`,
  printf: (format, ...args) => sprintf(String(format), args),
  html: (...args) => sprint(args).replace(/[&<>"'\0]/g, (letter) => HTML[letter] ?? letter),
  js: (...args) => sprint(args).replace(/[\\'"<>&=\n\r\t]|[\0-\x1f]/g, jsEscape),
  urlquery: (...args) =>
    encodeURIComponent(sprint(args))
      .replace(/%20/g, "+")
      .replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`),
  eq: (first, ...others) => {
    if (others.length === 0) throw new Error("missing argument for comparison");
    return others.some((other) => equal(first, other));
  },
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => order(a, b) < 0,
  le: (a, b) => order(a, b) <= 0,
  gt: (a, b) => order(a, b) > 0,
  ge: (a, b) => order(a, b) >= 0,
  json: (value) => json(value),
  split: (text, separator) => (separator === "" ? Array.from(String(text)) : String(text).split(String(separator))),
  join: (items, separator) => (items as readonly Value[]).map(display).join(String(separator)),
  title: (text) =>
    String(text).replace(
      /(^|[\0-/:-@[-^`{-\x7f]|(?![\0-\x7f])\p{Z})(\p{L})/gu,
      (_whole, before: string, letter: string) => before + letter.toUpperCase(),
    ),
  lower: (text) => byLetter(String(text), (letter) => letter.toLowerCase()),
  upper: (text) => byLetter(String(text), (letter) => letter.toUpperCase()),
  pad: (text, before, after) =>
    text === "" ? "" : " ".repeat(Number(before)) + String(text) + " ".repeat(Number(after)),
  truncate: (text, length) => {
    const letters = Array.from(String(text));
    return letters.length < Number(length) ? String(text) : letters.slice(0, Number(length)).join("");
  },
};

/** Go changes the case of one letter into one letter, or not at all. */
function byLetter(text: string, change: (letter: string) => string): string {
  return text.replace(/\p{L}/gu, (letter) => {
    const changed = change(letter);
    return Array.from(changed).length === 1 ? changed : letter;
  });
}

const HTML: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
  "\0": "\uFFFD",
};

/** Compact JSON without HTML escapes: structs in the order of their fields, maps with sorted keys. */
export function json(value: Value): string {
  const text = JSON.stringify(asJson(value)) ?? "null";
  return structInfo(value)?.escapeHtml === true ? escapedHtml(text) : text;
}

/** JSON as Go's encoder writes it unless told otherwise: safe inside HTML. */
export function escapedHtml(text: string): string {
  return text.replace(/[<>&]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
}

/** Put into JSON as it is. */
const rawJson = (text: string): unknown => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);

function asJson(value: Value): Value {
  if (isTypedNil(value)) return null;
  if (value instanceof DurationValue) return value.nanoseconds;
  if (value instanceof TimeValue) return value.text;
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value === "bigint") return rawJson(String(value));
  if (typeof value !== "object" || value === null) return value;
  const info = structInfo(value);
  const object = value as Readonly<Record<string, Value>>;
  const keys = info === undefined ? Object.keys(object).toSorted() : Object.keys(object);
  const kept = keys.filter(
    (key) => typeof object[key] !== "function" && !(info?.omitEmpty?.has(key) === true && !truth(object[key])),
  );
  return Object.fromEntries(kept.map((key) => [key, asJson(object[key])]));
}

/** fmt.Sprint: spaces only between operands that are both no strings. */
function sprint(args: readonly Value[]): string {
  let text = "";
  for (const [at, value] of args.entries()) {
    if (at > 0 && typeof value !== "string" && typeof args[at - 1] !== "string") text += " ";
    text += display(value);
  }
  return text;
}

function len(value: Value): number {
  if (typeof value === "string") return Buffer.byteLength(value, "utf8");
  if (Array.isArray(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  if (value === null || value === undefined) throw new Error("len of nil pointer");
  throw new Error(`len of type ${typeName(value)}`);
}

function indexOne(container: Value, key: Value): Value {
  if (container === null || container === undefined) throw new Error("index of untyped nil");
  if (Array.isArray(container) || typeof container === "string") {
    if (typeof key !== "number") throw new Error(`cannot index slice/array with type ${typeName(key)}`);
    const length = typeof container === "string" ? Buffer.byteLength(container) : container.length;
    if (key < 0 || key >= length) throw new Error(`index out of range: ${String(key)}`);
    return typeof container === "string" ? Buffer.from(container, "utf8")[key] : (container[key] as Value);
  }
  if (!isMap(container)) throw new Error(`can't index item of type ${typeName(container)}`);
  if (typeof key !== "string") throw new Error(`value has type ${typeName(key)}; should be string`);
  if (Object.hasOwn(container, key)) return container[key];
  return elementZero(container);
}

function slice(value: Value, ...bounds: Value[]): Value {
  if (typeof value !== "string" && !Array.isArray(value)) {
    throw new Error(
      value === null || value === undefined ? "slice of untyped nil" : `can't slice item of type ${typeName(value)}`,
    );
  }
  const length = typeof value === "string" ? Buffer.byteLength(value) : value.length;
  const [from = 0, to = length, cap] = bounds.map(Number);
  if (cap !== undefined && typeof value === "string") throw new Error("cannot 3-index slice a string");
  for (const bound of [from, to])
    if (bound < 0 || bound > length) throw new Error(`index out of range: ${String(bound)}`);
  if (from > to) throw new Error(`invalid slice index: ${String(from)} > ${String(to)}`);
  return typeof value === "string"
    ? Buffer.from(value, "utf8").subarray(from, to).toString("utf8")
    : (value.slice(from, to) as Value);
}

function kindOf(value: Value): "bool" | "number" | "string" | "nil" | "other" {
  if (value === null || value === undefined) return "nil";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return "number";
  return typeof value === "string" ? "string" : "other";
}

/** What is compared: integers of any size are near enough. */
const comparable = (value: Value): Value => (typeof value === "bigint" ? Number(value) : value);

function equal(one: Value, other: Value): boolean {
  const [a, b] = [comparable(one), comparable(other)];
  const [kindA, kindB] = [kindOf(a), kindOf(b)];
  if (kindA === "nil" || kindB === "nil") return kindA === kindB;
  if (kindA === "other" || kindB === "other") {
    const wrong = kindA === "other" ? a : b;
    throw new Error(`non-comparable type ${display(wrong)}: ${typeName(wrong)}`);
  }
  if (kindA !== kindB) throw new Error("incompatible types for comparison");
  return a === b;
}

function order(one: Value, other: Value): number {
  const [a, b] = [comparable(one), comparable(other)];
  if ((typeof a === "string" && typeof b === "string") || (typeof a === "number" && typeof b === "number")) {
    return a < b ? -1 : a > b ? 1 : 0;
  }
  const bad = ["number", "string"].includes(kindOf(a))
    ? "incompatible types for comparison"
    : "invalid type for comparison";
  throw new Error(bad);
}

function jsEscape(letter: string): string {
  const named: Readonly<Record<string, string>> = {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "<": "\\u003C",
    ">": "\\u003E",
    "&": "\\u0026",
    "=": "\\u003D",
    "\n": "\\u000A",
    "\r": "\\u000D",
    "\t": "\\u0009",
  };
  return named[letter] ?? `\\u${letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}
