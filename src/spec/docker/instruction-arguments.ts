import { BerthError } from "#base/errors.ts";
import { parseDuration } from "#base/units.ts";
import type { HealthConfig } from "./container-config.ts";
import { expandWord, splitWords, type Lookup } from "./shell-words.ts";

/** What stands behind the name of a Dockerfile instruction. Source: the Dockerfile reference. */

/** The JSON form `["a", "b"]`; undefined for a text that is none. */
export function jsonWords(text: string): readonly string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const value = JSON.parse(text) as unknown;
    return Array.isArray(value) && value.every((word) => typeof word === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `NAME=VALUE …` of ENV and LABEL, or the old form `NAME VALUE`. `invalid-parameter` in Docker's words. */
export function namedValues(instruction: string, text: string, lookup: Lookup): ReadonlyMap<string, string> {
  const words = splitWords(text);
  const pairs = (words[0] ?? "").includes("=")
    ? words.map((word) => {
        const equals = word.indexOf("=");
        if (equals < 0) {
          const message = `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`;
          throw new BerthError("invalid-parameter", message);
        }
        return [word.slice(0, equals), word.slice(equals + 1)] as const;
      })
    : [oldForm(instruction, text)];
  return new Map(
    pairs.map(([name, value]) => {
      const key = expandWord(name, lookup);
      if (key === "") throw new BerthError("invalid-parameter", `${instruction} names can not be blank`);
      return [key, expandWord(value, lookup)];
    }),
  );
}

function oldForm(instruction: string, text: string): readonly [string, string] {
  const match = /^(\S+)\s+([\s\S]+)$/.exec(text);
  if (match === null) throw new BerthError("invalid-parameter", `${instruction} must have two arguments`);
  return [match[1] ?? "", match[2] ?? ""];
}

const HEALTH_FLAGS: ReadonlySet<string> = new Set(["interval", "timeout", "start-period", "start-interval", "retries"]);

/** `NONE`, or `[--interval=… …] CMD …`. */
export function parseHealthcheck(text: string): HealthConfig {
  const { options, rest } = leadingOptions(text);
  const [, type = "", words = ""] = /^(\S+)\s*([\s\S]*)$/.exec(rest) ?? [];
  const duration = (name: string): number => Number(parseDuration(options.get(name) ?? "0s"));
  const settings = {
    Interval: duration("interval"),
    Timeout: duration("timeout"),
    StartPeriod: duration("start-period"),
    StartInterval: duration("start-interval"),
    Retries: Number(options.get("retries") ?? 0),
  };
  switch (type.toUpperCase()) {
    case "NONE":
      if (words !== "") throw new BerthError("invalid-parameter", "HEALTHCHECK NONE takes no arguments");
      return { ...settings, Test: ["NONE"] };
    case "CMD": {
      if (words === "") throw new BerthError("invalid-parameter", "Missing command after HEALTHCHECK CMD");
      const list = jsonWords(words);
      return { ...settings, Test: list === undefined ? ["CMD-SHELL", words] : ["CMD", ...list] };
    }
    default:
      throw new BerthError(
        "invalid-parameter",
        `Unknown type ${JSON.stringify(type.toUpperCase())} in HEALTHCHECK (try CMD)`,
      );
  }
}

function leadingOptions(text: string): { readonly options: ReadonlyMap<string, string>; readonly rest: string } {
  const options = new Map<string, string>();
  const option = /--([a-z-]+)=(\S+)\s*/y;
  let end = 0;
  for (let match = option.exec(text); match !== null; match = option.exec(text)) {
    const [, name = "", value = ""] = match;
    if (!HEALTH_FLAGS.has(name)) throw new BerthError("invalid-parameter", `unknown flag: --${name}`);
    options.set(name, value);
    end = option.lastIndex;
  }
  return { options, rest: text.slice(end) };
}
