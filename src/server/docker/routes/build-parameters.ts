import { BerthError } from "#base/errors.ts";
import type { StepSettings } from "#build/solver/types.ts";
import { jsonSyntaxError } from "#spec/docker/json-syntax.ts";
import type { Query } from "../query.ts";

/** A map of texts in JSON, `{}` when it is not given. `invalid-parameter` in Go's words for `what` otherwise. */
export function mapParameter(query: Query, name: string, what: string): Readonly<Record<string, string | null>> {
  const about = `error reading ${what}`;
  const value = jsonParameter(query, name, about);
  if (value === undefined) return {};
  if (!isObject(value)) throw unfit(about, value, "map[string]*string");
  const entries = Object.entries(value);
  for (const [, text] of entries) if (text !== null && typeof text !== "string") throw unfit(about, text, "string");
  return Object.fromEntries(entries) as Readonly<Record<string, string | null>>;
}

/** docker-compat: a list in JSON, a single text, or the parameter given several times. */
export function listParameter(query: Query, name: string): readonly string[] {
  const given = query.all(name).filter((text) => text !== "");
  const [only = ""] = given;
  if (given.length !== 1 || !only.startsWith("[")) return given;
  const about = `error reading ${name}`;
  const value = jsonParameter(query, name, about);
  if (!Array.isArray(value)) throw unfit(about, value, "[]string");
  for (const item of value) if (typeof item !== "string") throw unfit(about, item, "string");
  return value as readonly string[];
}

/** What is to become of the result, as the client's own types say it. */
export function outputsParameter(query: Query): readonly unknown[] {
  const about = "invalid outputs specified";
  const value = jsonParameter(query, "outputs", about) ?? [];
  if (!Array.isArray(value)) throw unfit(about, value, "[]types.ImageBuildOutput");
  return value;
}

export function ulimitsParameter(query: Query): StepSettings["ulimits"] {
  const about = "error reading ulimit settings";
  const value = jsonParameter(query, "ulimits", about);
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw unfit(about, value, "[]*units.Ulimit");
  return value.map((item: unknown) => {
    const { Name, Soft, Hard } = (item ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof Name !== "string" || typeof Soft !== "number" || typeof Hard !== "number")
      throw new BerthError("invalid-parameter", `${about}: a limit needs Name, Soft and Hard`);
    return { Name, Soft, Hard };
  });
}

/** Undefined when it is not given or null. */
function jsonParameter(query: Query, name: string, about: string): unknown {
  const text = query.text(name);
  if (text === "") return undefined;
  try {
    return (JSON.parse(text) as unknown) ?? undefined;
  } catch (cause) {
    throw new BerthError("invalid-parameter", `${about}: ${syntaxError(text)}`, { cause });
  }
}

/** json.Unmarshal's words. */
function syntaxError(text: string): string {
  const why = jsonSyntaxError(text);
  return why === "unexpected EOF" ? "unexpected end of JSON input" : why;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** encoding/json's words for a value of another kind than `type`. */
function unfit(about: string, value: unknown, type: string): BerthError {
  const kind = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  return new BerthError("invalid-parameter", `${about}: json: cannot unmarshal ${kind} into Go value of type ${type}`);
}
