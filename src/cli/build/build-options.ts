import { absolutePath } from "#base/absolute-path.ts";
import type { BuildCall } from "#spec/berth/build.ts";
import type { BuildContextOption, BuildOptions } from "#spec/berth/build-options.ts";
import type { CliIo } from "../cli-io.ts";
import type { Invocation } from "../command.ts";
import { ulimits } from "../container/options/resource-options.ts";
import { annotationOptions, attestOptions, cacheFromOptions, type Output } from "./output-options.ts";
import { secretOptions } from "./secret-options.ts";
import { keyValue } from "../flags/key-value.ts";

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

/** Where a build's outputs go. */
export interface BuildOutputs {
  readonly outputs: readonly Output[];
  readonly caches: readonly Output[];
}

/** The request that the flags ask for. */
export async function buildOptions(
  { flags, io }: Pick<Invocation, "flags" | "io">,
  source: BuildSource,
  { outputs, caches }: BuildOutputs,
): Promise<BuildOptions> {
  const { secrets, agents } = secretOptions(flags.list("secret"), flags.list("ssh"), io);
  const filter = flags.list("no-cache-filter");
  const contexts = Object.fromEntries(
    flags.list("build-context").map((text) => namedContext(text, io.workingDirectory)),
  );
  const cacheFrom = await cachesThatAreThere(cacheFromOptions(flags.list("cache-from"), io.workingDirectory), io);
  return {
    buildId: crypto.randomUUID(),
    context: source.context,
    dockerfile: source.dockerfile,
    dockerfileText: source.dockerfileText,
    contexts,
    folders: await folderIdentities(contexts, cacheFrom, io),
    sent: {},
    tags: flags.list("tag"),
    buildArgs: {
      ...proxyArgs(io.env),
      ...Object.fromEntries(flags.list("build-arg").map((text) => buildArg(text, io.env))),
    },
    labels: Object.fromEntries(flags.list("label").map((text) => keyValue(text))),
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
    agentFolders: await agentFolders(agents, io),
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

const LAYOUT = "oci-layout://";

/** docker-compat: a cache that is not there is told of, and the build goes on. */
async function cachesThatAreThere(
  caches: BuildOptions["cacheFrom"],
  io: Pick<CliIo, "folderIdentity" | "stderr">,
): Promise<BuildOptions["cacheFrom"]> {
  const there: BuildOptions["cacheFrom"][number][] = [];
  for (const cache of caches) {
    const folder = folderOfCache(cache);
    if (folder === undefined || (await io.folderIdentity(folder)) !== undefined) there.push(cache);
    else io.stderr.write(`WARNING: no cache from ${folder}: no such directory\n`);
  }
  return there;
}

function folderOfCache({ type, attributes: { src = "" } }: BuildOptions["cacheFrom"][number]): string | undefined {
  return type === "local" && src !== "" ? src : undefined;
}

/** Folders that contexts and caches name, and what they are: the engine must see the same ones. */
async function folderIdentities(
  contexts: Readonly<Record<string, string>>,
  caches: BuildOptions["cacheFrom"],
  io: Pick<CliIo, "folderIdentity">,
): Promise<Readonly<Record<string, string>>> {
  const folders = [...Object.values(contexts).map(folderOf), ...caches.map(folderOfCache)];
  const known: Record<string, string> = {};
  for (const path of folders) {
    if (path === undefined) continue;
    const identity = await io.folderIdentity(path);
    if (identity === undefined) throw new Error(`unable to prepare context: path ${JSON.stringify(path)} not found`);
    known[path] = identity;
  }
  return known;
}

/** A layout is `PATH[:TAG][@DIGEST]`. */
function folderOf(context: string): string | undefined {
  if (context.startsWith(LAYOUT))
    return context
      .slice(LAYOUT.length)
      .replace(/@.*$/, "")
      .replace(/:[^/]*$/, "");
  return context.startsWith("/") ? context : undefined;
}

/** An agent's socket is used where it is, or forwarded: its folder tells whether it is on the engine's machine. */
async function agentFolders(
  agents: BuildOptions["agents"],
  io: Pick<CliIo, "folderIdentity">,
): Promise<BuildOptions["agentFolders"]> {
  const known: Record<string, string> = {};
  for (const path of Object.values(agents)) {
    const folder = path.slice(0, path.lastIndexOf("/")) || "/";
    known[folder] = (await io.folderIdentity(folder)) ?? "";
  }
  return known;
}

function namedContext(text: string, workingDirectory: string): readonly [string, string] {
  const [name, value] = keyValue(text);
  if (value === "") throw new Error(`invalid context value: ${text}, expected key=value`);
  const folder = (path: string): string => absolutePath(path, workingDirectory).replace(/(?<=.)\/+$/, "");
  if (value.startsWith(LAYOUT)) return [name, LAYOUT + folder(value.slice(LAYOUT.length))];
  return [name, /^([a-z-]+:\/\/|git@|\/)/.test(value) ? value : folder(value)];
}
