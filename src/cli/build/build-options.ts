import { dirname, isAbsolute, join, resolve } from "node:path/posix";
import type { BuildCall } from "#spec/berth/build.ts";
import type { BuildContextOption, BuildOptions } from "#spec/berth/build-options.ts";
import type { LocalPaths } from "../cli-io.ts";
import type { Invocation } from "../command.ts";
import { ulimits } from "../container/options/resource-options.ts";
import { annotationOptions, attestOptions, cacheFromOptions, type Output } from "./output-options.ts";
import { secretOptions } from "./secret-options.ts";

/** What a build takes from this machine. */
export interface BuildSource {
  readonly context: BuildContextOption;
  /** The folder to send, where the context is an archive of one. */
  readonly folder: string | undefined;
  /** Standard input is the archive. */
  readonly stdin: Uint8Array | undefined;
  readonly dockerfile: string;
  readonly dockerfileText: string | null;
}

/** Where a build's outputs go, and the files of this machine. */
export interface BuildOutputs {
  readonly outputs: readonly Output[];
  readonly caches: readonly Output[];
  readonly paths: Pick<LocalPaths, "identity">;
}

/** The request that the flags ask for. */
export function buildOptions(
  { flags, io }: Pick<Invocation, "flags" | "io">,
  source: BuildSource,
  { outputs, caches, paths }: BuildOutputs,
): BuildOptions {
  const { secrets, agents } = secretOptions(flags.list("secret"), flags.list("ssh"), io);
  const filter = flags.list("no-cache-filter");
  const contexts = Object.fromEntries(
    flags.list("build-context").map((text) => namedContext(text, io.workingDirectory)),
  );
  const cacheFrom = cacheFromOptions(flags.list("cache-from"), io.workingDirectory).filter(({ type, attributes }) => {
    const { src = "" } = attributes;
    if (type !== "local" || src === "" || paths.identity(src) !== undefined) return true;
    // docker-compat: a cache that is not there is told of, and the build goes on.
    io.stderr.write(`WARNING: no cache from ${src}: no such directory\n`);
    return false;
  });
  return {
    buildId: crypto.randomUUID(),
    context: source.context,
    dockerfile: source.dockerfile,
    dockerfileText: source.dockerfileText,
    contexts,
    folders: folderIdentities(contexts, cacheFrom, paths),
    sent: {},
    tags: flags.list("tag"),
    buildArgs: {
      ...proxyArgs(io.env),
      ...Object.fromEntries(flags.list("build-arg").map((text) => buildArg(text, io.env))),
    },
    labels: Object.fromEntries(flags.list("label").map((text) => pair(text))),
    target: flags.text("target"),
    noCache: flags.on("no-cache") ? true : filter.length > 0 ? filter : false,
    pull: flags.on("pull"),
    platform: (flags.list("platform").length > 0
      ? flags.list("platform")
      : [io.env["DOCKER_DEFAULT_PLATFORM"] ?? ""]
    ).join(","),
    outputs: outputs.map(({ option }) => option),
    annotations: annotationOptions(flags.list("annotation")),
    cacheFrom,
    cacheTo: caches.map(({ option }) => option),
    squash: flags.on("squash"),
    attestations: attestOptions(flags.list("attest"), {
      provenance: flags.text("provenance"),
      sbom: flags.text("sbom"),
    }),
    network: flags.text("network"),
    hosts: flags.list("add-host"),
    shmSizeBytes: flags.number("shm-size"),
    ulimits: flags.get("ulimit", ulimits).map(({ Name, Soft, Hard }) => ({ Name, Soft, Hard })),
    cgroupParent: flags.text("cgroup-parent"),
    limits: {
      memoryBytes: flags.number("memory"),
      memorySwapBytes: flags.number("memory-swap"),
      cpuShares: flags.number("cpu-shares"),
      cpuPeriod: flags.number("cpu-period"),
      cpuQuota: flags.number("cpu-quota"),
      cpusetCpus: flags.text("cpuset-cpus"),
      cpusetMems: flags.text("cpuset-mems"),
    },
    secrets,
    agents,
    agentFolders: agentFolders(agents, paths),
    forwardsAgents: true,
    allow: flags.list("allow"),
    debug: flags.on("debug"),
    call: callOf(flags.on("check") ? "check" : flags.text("call")),
  };
}

function callOf(text: string): BuildCall {
  const known = ["build", "check", "outline", "targets"] as const;
  const call = known.find((name) => name === text);
  if (call === undefined) throw new Error(`invalid call ${JSON.stringify(text)}: one of ${known.join(", ")}`);
  return call;
}

/** A bare name has its value from this process's environment, and none when it is not there. */
function buildArg(text: string, env: Readonly<Record<string, string | undefined>>): readonly [string, string | null] {
  const at = text.indexOf("=");
  return at < 0 ? [text, env[text] ?? null] : [text.slice(0, at), text.slice(at + 1)];
}

/** docker-compat: only what configuration files say is handed on; the environment's time for reproducible builds too. */
function proxyArgs(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const epoch = env["SOURCE_DATE_EPOCH"];
  return epoch === undefined ? {} : { SOURCE_DATE_EPOCH: epoch };
}

function pair(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

const LAYOUT = "oci-layout://";

/** Folders that contexts and caches name, and what they are: the engine must see the same ones. */
function folderIdentities(
  contexts: Readonly<Record<string, string>>,
  caches: BuildOptions["cacheFrom"],
  paths: Pick<LocalPaths, "identity">,
): Readonly<Record<string, string>> {
  const local = caches.flatMap(({ type, attributes: { src = "" } }) => (type === "local" && src !== "" ? [src] : []));
  const folders = [...Object.values(contexts).flatMap((value) => folderOf(value) ?? []), ...local];
  return Object.fromEntries(
    folders.map((path) => {
      const identity = paths.identity(path);
      if (identity === undefined) throw new Error(`unable to prepare context: path ${JSON.stringify(path)} not found`);
      return [path, identity] as const;
    }),
  );
}

/** A layout is `PATH[:TAG][@DIGEST]`. */
function folderOf(context: string): string | undefined {
  if (context.startsWith(LAYOUT))
    return context
      .slice(LAYOUT.length)
      .replace(/@.*$/, "")
      .replace(/:[^/]*$/, "");
  return isAbsolute(context) ? context : undefined;
}

/** An agent's socket is used where it is, or forwarded: its folder tells whether it is on the engine's machine. */
function agentFolders(
  agents: BuildOptions["agents"],
  paths: Pick<LocalPaths, "identity">,
): BuildOptions["agentFolders"] {
  return Object.fromEntries(Object.values(agents).map((path) => [dirname(path), paths.identity(dirname(path)) ?? ""]));
}

function namedContext(text: string, workingDirectory: string): readonly [string, string] {
  const [name, value] = pair(text);
  if (value === "") throw new Error(`invalid context value: ${text}, expected key=value`);
  if (value.startsWith(LAYOUT)) return [name, LAYOUT + resolve(workingDirectory, value.slice(LAYOUT.length))];
  const isAddress = /^[a-z-]+:\/\/|^git@/.test(value);
  return [name, isAddress || isAbsolute(value) ? value : resolve(join(workingDirectory, value))];
}
