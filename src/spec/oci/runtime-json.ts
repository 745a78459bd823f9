import { BerthError, messageOf } from "#base/errors.ts";
import type { RuntimeSpec } from "./runtime.ts";

/** JSON.parse that keeps integers beyond 2^53 exact, as bigint. Throws SyntaxError. */
export function parseJsonExact(text: string): unknown {
  // The third argument ("context", ECMAScript's JSON.parse source text access) is not in TypeScript's library yet.
  const reviver = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    const source = context?.source;
    return typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/u.test(source)
      ? BigInt(source)
      : value;
  };
  return JSON.parse(text, reviver) as unknown;
}

/** JSON text of a value that may hold bigints (printed as plain integers). */
export function printJsonExact(value: unknown, indent?: string): string {
  const marks = new Map<string, string>();
  const text = JSON.stringify(
    value,
    (_key, item: unknown) => {
      if (typeof item !== "bigint") return item;
      const mark = `\u0001${String(marks.size)}\u0001`;
      marks.set(JSON.stringify(mark), item.toString());
      return mark;
    },
    indent,
  );
  return marks.size === 0 ? text : text.replaceAll(/"\\u0001\d+\\u0001"/gu, (mark) => marks.get(mark) ?? mark);
}

/** Read a `config.json`. `invalid-parameter` when it is no JSON object or lacks what every configuration has. */
export function parseRuntimeSpec(text: string): RuntimeSpec {
  let value: unknown;
  try {
    value = parseJsonExact(text);
  } catch (error) {
    throw new BerthError("invalid-parameter", `config.json is not valid JSON: ${messageOf(error)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BerthError("invalid-parameter", "config.json is not a JSON object");
  }
  const spec = value as RuntimeSpec;
  if (typeof spec.ociVersion !== "string" || !/^1\.\d+\.\d+/u.test(spec.ociVersion)) {
    throw new BerthError(
      "invalid-parameter",
      `config.json has an unsupported ociVersion: ${JSON.stringify(spec.ociVersion)}`,
    );
  }
  return spec;
}
