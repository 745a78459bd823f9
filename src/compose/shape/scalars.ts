import { isAbsolute, join } from "node:path";
import { formatDuration, parseBytes } from "#base/units.ts";
import { scalarNode, type ScalarNode } from "../source/node.ts";
import { parseDuration } from "./duration.ts";
import { mismatch, replaced, type Reading, type Shape } from "./shape.ts";

type Scalar = ScalarNode["value"];

/** A shape of one word: `read` gives the canonical value, or undefined when the node holds no such thing. */
function scalar<T extends Scalar>(wanted: string, read: (value: Scalar) => T | undefined): Shape<T> {
  return {
    canonical(node, reading) {
      const value = node.kind === "scalar" ? read(node.value) : undefined;
      if (value === undefined) throw mismatch(node, reading, wanted);
      return { ...scalarNode(value, node.at), ...(node.tag === undefined ? {} : { tag: node.tag }) };
    },
    merge: replaced,
    value: (node) => (node as ScalarNode).value as T,
  };
}

const ifString = (value: Scalar): string | undefined => (typeof value === "string" ? value : undefined);
const ifWord = (value: Scalar): string | undefined =>
  typeof value === "string" || typeof value === "number" ? String(value) : undefined;

export const text: Shape<string> = scalar("a string", ifString);

/** A string that may be written as a number. */
export const word: Shape<string> = scalar("a string or a number", ifWord);

/** A string that may be written as a number or a boolean: values of labels and variables. */
export const looseText: Shape<string> = scalar("a string, a number or a boolean", (value) =>
  value === null ? undefined : String(value),
);

/** The same, or nothing. */
export const looseTextOrNull: Shape<string | null> = scalar("a string, a number, a boolean or null", (value) =>
  value === null ? null : String(value),
);

/** Also as a string, which is what substitution gives. */
export const boolean: Shape<boolean> = scalar("a boolean", (value) => {
  if (typeof value === "boolean") return value;
  const known: Readonly<Record<string, boolean>> = {
    true: true,
    yes: true,
    y: true,
    on: true,
    "1": true,
    t: true,
    false: false,
    no: false,
    n: false,
    off: false,
    "0": false,
    f: false,
  };
  return typeof value === "string" ? known[value.toLowerCase()] : undefined;
});

const asNumber = (value: Scalar): number | undefined => {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || !/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/iu.test(value)) return undefined;
  return Number(value);
};

export const number: Shape<number> = scalar("a number", asNumber);

export const integer: Shape<number> = scalar("an integer", (value) => {
  const read = asNumber(value);
  return read !== undefined && Number.isSafeInteger(read) ? read : undefined;
});

/** Permission bits. As a string they are octal, as YAML's numbers they are what YAML says (`0440` is octal there). */
export const fileMode: Shape<number> = scalar("permission bits, as 0440", (value) => {
  if (typeof value === "number") return Number.isInteger(value) && value >= 0 ? value : undefined;
  return typeof value === "string" && /^0?o?[0-7]+$/u.test(value)
    ? Number.parseInt(value.replace("o", ""), 8)
    : undefined;
});

/** `1m30s`, in Go's spelling; see {@link parseDuration}. */
export const duration: Shape<string> = scalar("a duration, as 1m30s", (value) => {
  const ns = parseDuration(ifWord(value) ?? "");
  return ns === undefined ? undefined : formatDuration(BigInt(Math.round(ns)));
});

/** Bytes: a number, or `64m`. */
export const byteCount: Shape<number> = scalar("a byte value, as 64m", (value) => {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : undefined;
  if (typeof value !== "string") return undefined;
  if (value === "-1") return -1;
  try {
    return parseBytes(value);
  } catch {
    return undefined;
  }
});

export function oneOf<const T extends string>(...words: readonly T[]): Shape<T> {
  const wanted = `one of ${words.map((option) => `'${option}'`).join(", ")}`;
  return scalar(wanted, (value) => words.find((option) => option === value || (option === "no" && value === false)));
}

/** A text that `accepts` takes. */
export function textLike(wanted: string, accepts: (value: string) => boolean): Shape<string> {
  return scalar(wanted, (value) => {
    const written = ifWord(value);
    return written !== undefined && accepts(written) ? written : undefined;
  });
}

/** A path of this machine; relative ones start at the file's folder. */
export const path: Shape<string> = {
  ...text,
  canonical(node, reading) {
    const canonical = text.canonical(node, reading) as ScalarNode;
    return { ...canonical, value: absolutePath(canonical.value as string, reading) };
  },
};

export function absolutePath(written: string, { folder, homeFolder }: Reading): string {
  if (folder === undefined) return written;
  if (written === "~" || written.startsWith("~/")) return join(homeFolder, written.slice(1));
  return isAbsolute(written) ? written : join(folder, written);
}
