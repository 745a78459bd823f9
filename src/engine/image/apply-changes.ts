import { normalize } from "node:path/posix";
import { BerthError } from "#base/errors.ts";
import type { ContainerConfig } from "#spec/docker/container-config.ts";
import { expandWord, expandWords, splitWords, type Lookup } from "#spec/docker/shell-words.ts";
import { parsePortKey } from "#spec/docker/port.ts";
import { parseSignal } from "#spec/docker/signals.ts";
import { jsonWords, namedValues, parseHealthcheck } from "#spec/docker/instruction-arguments.ts";

type Config = ContainerConfig;
type Change = (
  config: Config,
  text: string,
  lookup: Lookup,
  context: { readonly commandGiven: boolean },
) => Partial<Config>;

/**
 * A config changed by Dockerfile instructions, as `commit --change` and `import --change` take them. `invalid-parameter`
 * in Docker's words for an instruction that is none or cannot be given here.
 */
export function applyChanges(config: Config, changes: readonly string[]): Config {
  if (changes.length > 0 && changes.every((line) => line.trim() === ""))
    throw new BerthError("invalid-parameter", "file with no instructions");
  let commandGiven = false;
  return changes.reduce((before, line) => {
    const [, name = "", text = ""] = /^\s*(\S+)\s*([\s\S]*?)\s*$/.exec(line) ?? [];
    if (name === "" || name.startsWith("#")) return before;
    const change = instructions[name.toLowerCase()];
    if (change === undefined) throw new BerthError("invalid-parameter", `${name} is not a valid change command`);
    if (text === "") {
      const least = needsOneExactly.has(name.toLowerCase()) ? "exactly one argument" : "at least one argument";
      throw new BerthError("invalid-parameter", `${name.toUpperCase()} requires ${least}`);
    }
    const after = { ...before, ...change(before, text, lookupIn(before), { commandGiven }) };
    commandGiven ||= name.toLowerCase() === "cmd";
    return after;
  }, config);
}

const needsOneExactly: ReadonlySet<string> = new Set(["user", "workdir", "stopsignal"]);

const instructions: Readonly<Record<string, Change>> = {
  cmd: (config, text) => ({ Cmd: command(config, text) }),
  entrypoint: (config, text, _lookup, { commandGiven }) => ({
    Entrypoint: command(config, text),
    // docker-compat: the command was meant for the old entrypoint, unless it was given with the new one.
    ...(commandGiven ? {} : { Cmd: null }),
  }),
  env: ({ Env }, text, lookup) => {
    const given = namedValues("ENV", text, lookup);
    const others = (Env ?? []).map((entry) => {
      const name = entry.split("=", 1)[0] ?? "";
      return given.has(name) ? `${name}=${given.get(name)}` : entry;
    });
    const known = new Set((Env ?? []).map((entry) => entry.split("=", 1)[0]));
    const added = [...given].filter(([name]) => !known.has(name)).map(([name, value]) => `${name}=${value}`);
    return { Env: [...others, ...added] };
  },
  label: ({ Labels }, text, lookup) => ({
    Labels: { ...Labels, ...Object.fromEntries(namedValues("LABEL", text, lookup)) },
  }),
  expose: ({ ExposedPorts }, text, lookup) => ({
    ExposedPorts: { ...ExposedPorts, ...keys(expandWords(text, lookup).flatMap(portKeys)) },
  }),
  user: (_config, text, lookup) => ({ User: expandWord(text, lookup) }),
  workdir: ({ WorkingDir }, text, lookup) => {
    const path = expandWord(text, lookup);
    const joined = normalize(path.startsWith("/") ? path : `${WorkingDir || "/"}/${path}`);
    return { WorkingDir: joined.length > 1 ? joined.replace(/\/$/, "") : joined };
  },
  volume: ({ Volumes }, text, lookup) => {
    const paths = (jsonWords(text) ?? splitWords(text)).map((word) => expandWord(word, lookup).trim());
    if (paths.length === 0) throw new BerthError("invalid-parameter", "VOLUME requires at least one argument");
    if (paths.includes("")) throw new BerthError("invalid-parameter", "VOLUME specified can not be an empty string");
    return { Volumes: { ...Volumes, ...keys(paths) } };
  },
  stopsignal: (_config, text, lookup) => {
    const signal = expandWord(text, lookup);
    parseSignal(signal);
    return { StopSignal: signal };
  },
  onbuild: ({ OnBuild }, text) => {
    const trigger = /^\S+/.exec(text)?.[0]?.toUpperCase() ?? "";
    if (trigger === "ONBUILD")
      throw new BerthError("invalid-parameter", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (trigger === "MAINTAINER" || trigger === "FROM")
      throw new BerthError("invalid-parameter", `${trigger} isn't allowed as an ONBUILD trigger`);
    return { OnBuild: [...(OnBuild ?? []), text] };
  },
  healthcheck: (_config, text) => ({ Healthcheck: parseHealthcheck(text) }),
};

/** The JSON form, or a line for the shell. */
function command(config: Config, text: string): readonly string[] {
  const shell = config.Shell ?? [];
  return jsonWords(text) ?? [...(shell.length > 0 ? shell : ["/bin/sh", "-c"]), text];
}

/** `80`, `80/udp`, `8000-8002` as keys of ExposedPorts. */
function portKeys(text: string): readonly string[] {
  const { first, last, protocol } = parsePortKey(text);
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
}

function lookupIn({ Env }: Config): Lookup {
  return (name) => {
    const entry = (Env ?? []).find((text) => text.startsWith(`${name}=`));
    return entry?.slice(name.length + 1);
  };
}

const keys = (names: readonly string[]): Readonly<Record<string, Readonly<Record<string, never>>>> =>
  Object.fromEntries(names.map((name) => [name, {}]));
