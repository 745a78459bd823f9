import { BerthError, messageOf } from "#base/errors.ts";
import type { FlagValues } from "#cli/flags/flag-values.ts";
import { jsonSyntaxError } from "#spec/docker/json-syntax.ts";
import { daemonOptions } from "./options/daemon-options.ts";
import { keyOf, type Option } from "./options/option.ts";
import { WrongType } from "./options/value-kinds.ts";

/** What daemon.json says, by the names of {@link daemonOptions}. */
export type ConfigFile = ReadonlyMap<string, unknown>;

const byKey = new Map(daemonOptions.flatMap((option) => withKey(option)));
const objects = new Set(daemonOptions.flatMap(({ within }) => within ?? []));

function withKey(option: Option): [string, Option][] {
  const key = keyOf(option);
  return key === undefined ? [] : [[key, option]];
}

/**
 * Read daemon.json, and refuse in Docker's words what is no setting, what is of another type, and what a flag says too.
 * `invalid-parameter` that names the file. `flags`: undefined when there are none to compare with.
 */
export function parseConfigFile(text: string, path: string, flags: FlagValues | undefined): ConfigFile {
  try {
    return values(flatten(parse(text)), flags);
  } catch (error) {
    throw unusableFile(path, messageOf(error));
  }
}

/** docker-compat: the sentence in front of everything that is wrong with the file. */
export function unusableFile(path: string, why: string): BerthError {
  return new BerthError("invalid-parameter", `unable to configure the Docker daemon with file ${path}: ${why}`);
}

function parse(text: string): Readonly<Record<string, unknown>> {
  const body = text.replace(/^\uFEFF/, "").trim();
  if (body === "") return {};
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (cause) {
    throw new Error(jsonSyntaxError(body), { cause });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new Error(`json: ${new WrongType(json, "map[string]interface {}").message}`);
  }
  return json as Readonly<Record<string, unknown>>;
}

/** docker-compat: members of `proxies` count as if they stood at the top. */
function flatten(json: Readonly<Record<string, unknown>>): ReadonlyMap<string, unknown> {
  const flat = new Map<string, unknown>();
  for (const [key, value] of Object.entries(json)) {
    if (objects.has(key) && typeof value === "object" && value !== null && !Array.isArray(value)) {
      for (const [inner, item] of Object.entries(value)) flat.set(inner, item);
    } else flat.set(key, value);
  }
  return flat;
}

function values(given: ReadonlyMap<string, unknown>, flags: FlagValues | undefined): ConfigFile {
  const unknown = [...given.keys()].filter((key) => !byKey.has(key));
  if (unknown.length > 0)
    throw new Error(`the following directives don't match any configuration option: ${unknown.join(", ")}`);
  if (flags !== undefined) refuseConflicts(given, flags);
  const found = new Map<string, unknown>();
  for (const [key, json] of given) {
    const option = byKey.get(key) as Option;
    // docker-compat: null leaves a setting as if the file did not name it.
    if (json !== null) found.set(option.name, read(option, key, json));
  }
  return found;
}

function refuseConflicts(given: ReadonlyMap<string, unknown>, flags: FlagValues): void {
  const conflicts = daemonOptions.flatMap((option) => {
    const key = keyOf(option);
    if (key === undefined || option.flag === false || option.merges === true) return [];
    if (!given.has(key) || !flags.given(option.name)) return [];
    const flag = flags.get(option.name, option.kind.flag);
    return [`${key}: (from flag: ${shown(key, flag)}, from file: ${shown(key, given.get(key))})`];
  });
  if (conflicts.length > 0) {
    throw new Error(
      `the following directives are specified both as a flag and in the configuration file: ${conflicts.join(", ")}`,
    );
  }
}

/** As Go's fmt prints it; a proxy's password is not for logs. */
function shown(key: string, value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => shown(key, item)).join(" ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([name, item]) => `${name}:${shown(key, item)}`);
    return `map[${entries.toSorted().join(" ")}]`;
  }
  const text = String(value);
  return key.endsWith("-proxy") ? text.replace(/\/\/[^@/]*@/, "//xxxxx:xxxxx@") : text;
}

function read(option: Option, key: string, json: unknown): unknown {
  try {
    return option.kind.read(json);
  } catch (error) {
    if (!(error instanceof WrongType)) throw error;
    throw new Error(
      `json: cannot unmarshal ${error.found} into Go struct field Config.${key} of type ${error.goType}`,
      { cause: error },
    );
  }
}
