import { BerthError, messageOf } from "#base/errors.ts";
import type { StepSettings } from "#build/solver/types.ts";
import type { Query } from "../query.ts";

/** A map of texts in JSON, `{}` when it is not given. `invalid-parameter` otherwise. */
export function mapParameter(query: Query, name: string): Readonly<Record<string, string | null>> {
  const value = jsonParameter(query, name);
  if (value === undefined) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw wrong(name, "it is no object");
  const entries = Object.entries(value);
  for (const [key, text] of entries)
    if (text !== null && typeof text !== "string") throw wrong(name, `${JSON.stringify(key)} is no text`);
  return Object.fromEntries(entries);
}

/** docker-compat: a list in JSON, a single text, or the parameter given several times. */
export function listParameter(query: Query, name: string): readonly string[] {
  const given = query.all(name).filter((text) => text !== "");
  const [only = ""] = given;
  if (given.length !== 1 || !only.startsWith("[")) return given;
  const value = jsonParameter(query, name);
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string"))
    throw wrong(name, "it is no list of texts");
  return value;
}

export function ulimitsParameter(query: Query): StepSettings["ulimits"] {
  const value = jsonParameter(query, "ulimits");
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw wrong("ulimits", "it is no list");
  return value.map((item: unknown) => {
    const { Name, Soft, Hard } = (item ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof Name !== "string" || typeof Soft !== "number" || typeof Hard !== "number")
      throw wrong("ulimits", "a limit needs Name, Soft and Hard");
    return { Name, Soft, Hard };
  });
}

/** Undefined when it is not given or null. */
function jsonParameter(query: Query, name: string): object | undefined {
  const text = query.text(name);
  if (text === "") return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (value === null) return undefined;
    if (typeof value !== "object") throw wrong(name, "it is neither object nor list");
    return value;
  } catch (error) {
    if (error instanceof BerthError) throw error;
    throw wrong(name, messageOf(error));
  }
}

function wrong(name: string, why: string): BerthError {
  return new BerthError("invalid-parameter", `error reading ${name}: ${why}`);
}
