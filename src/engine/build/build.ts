import { BerthError } from "#base/errors.ts";
import type { Builder } from "#build/builder.ts";
import { attestations } from "#build/attest/attest-options.ts";
import { cacheOrigin, cacheTarget, type CacheTarget } from "#build/cache/cache-target.ts";
import type { Exported } from "#build/export/carry-out.ts";
import { exportTarget, type ExportTarget } from "#build/export/export-target.ts";
import { isOn } from "#build/graph/build-args.ts";
import type { MainContext, NamedContext } from "#build/graph/options.ts";
import type { ContextFolder } from "#build/sources/context-folder.ts";
import type { SentTrees } from "#build/sources/sent-trees.ts";
import { folderIdentity } from "#host/files/folder-identity.ts";
import type { NetworkService } from "#network/types.ts";
import { formatPlatform, normalizePlatform, parsePlatform, platformOfHost, type Platform } from "#spec/oci/platform.ts";
import { normalize } from "node:path";
import { parseReference, withDefaultTag, type Reference } from "#spec/oci/reference.ts";
import type { EngineConfig } from "../config.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import type { MachineFacts } from "../host-facts.ts";
import type { EnginePaths, Events } from "../ports.ts";
import type { EngineBuildEvent } from "./build-event.ts";
import type { EngineBuildRequest } from "./build-request.ts";
import type { BuildHistory } from "./build-history.ts";
import { checkSettings } from "./check-settings.ts";
import { containerNetwork } from "./container-network.ts";
import type { ForwardedAgents } from "./forwarded-agents.ts";
import { dirname } from "node:path/posix";
import type { DebugShells } from "./debug-shells.ts";
import { checkFolder, openContext, readContextFile, type OpenedContext } from "./open-context.ts";
import { readIgnoreFile } from "./read-ignore-file.ts";
import type { RunningBuilds } from "./running-builds.ts";
import { withSentFolders } from "./sent-folders.ts";

export interface BuildDeps {
  readonly config: Pick<EngineConfig, "remappedIds">;
  readonly builder: Pick<Builder, "build" | "place">;
  readonly running: RunningBuilds;
  readonly shells: Pick<DebugShells, "offer">;
  readonly history: Pick<BuildHistory, "begin">;
  readonly agents: Pick<ForwardedAgents, "open">;
  readonly trees: Pick<SentTrees, "archive" | "sweep">;
  readonly networks: Pick<NetworkService, "find">;
  readonly registry: ContainerRegistry;
  readonly paths: EnginePaths;
  readonly machine: MachineFacts;
  readonly events: Events;
}

/**
 * `POST /build`. Everything that can be refused by the request alone is refused before a byte of the context is read.
 * Errors: `invalid-parameter` for the request, the Dockerfile and steps that fail, `not-found` for images and networks,
 * `cancelled` when the signal aborts or {@link RunningBuilds.cancel} names the build.
 */
export function buildImage(deps: BuildDeps) {
  return async (
    given: EngineBuildRequest,
    signal: AbortSignal,
    report: (event: EngineBuildEvent) => void,
  ): Promise<void> => {
    if (deps.config.remappedIds !== undefined && given.allowInsecure)
      throw new BerthError("invalid-parameter", "privileged mode is incompatible with user namespaces");
    const plan = planOf(given, platformOfHost(deps.machine.machine));
    checkSettings(given.settings, deps.machine);
    await checkNetwork(deps, plan.network, given.settings.hosts);
    return deps.running.run(given.buildId, signal, async (stop) => {
      const foreign = foreignAgents(given);
      checkFolders(given);
      const notes = given.call === "build" ? deps.history.begin(given) : undefined;
      const onEvent = (event: EngineBuildEvent): void => {
        notes?.see(event);
        report(event);
      };
      const place = deps.builder.place();
      let agents: OpenAgents | undefined;
      try {
        notes?.plan((plan.platforms.length === 0 ? [plan.host] : plan.platforms).map(formatPlatform));
        const sent = await withSentFolders(deps.trees, given, place);
        agents = await openAgents(deps, given, place, foreign);
        const request = withAgents(sent, agents?.paths ?? new Map());
        const exported = await carryOut(deps, { request, plan, place, stop, onEvent });
        if (request.call === "build") tell(deps, exported, onEvent);
        notes?.end({});
      } catch (error) {
        notes?.end({ error });
        throw error;
      } finally {
        agents?.close();
        await place.leave();
      }
    });
  };
}

type OpenAgents = Awaited<ReturnType<ForwardedAgents["open"]>>;
type Place = ReturnType<Builder["place"]>;

/** What the request says by itself, checked. */
interface BuildPlan {
  readonly host: Platform;
  readonly platforms: readonly Platform[];
  readonly epochSeconds: number | undefined;
  readonly targets: readonly ExportTarget[];
  readonly cacheTo: readonly CacheTarget[];
  readonly attestations: ReturnType<typeof attestations>;
  readonly network: string;
}

function planOf(given: EngineBuildRequest, host: Platform): BuildPlan {
  const references = given.tags.map(referenceOf);
  const platforms = platformsOf(given.platform, host);
  const epochSeconds = epochOf(given.buildArgs.get("SOURCE_DATE_EPOCH"));
  // Where folders that are sent will lie is not known yet, but what is wrong is.
  given.cacheFrom.map(cacheOrigin);
  return {
    host,
    platforms,
    epochSeconds,
    cacheTo: cacheTargets(given),
    attestations: attestations(given.attestations),
    targets: targetsOf(given, { references, epochSeconds, host }),
    network: given.network === "" ? "default" : given.network,
  };
}

/** Those of the client's agents that are not on this machine, by its connection. */
async function openAgents(
  deps: Pick<BuildDeps, "agents">,
  { askAgent }: EngineBuildRequest,
  place: Place,
  foreign: readonly string[],
): Promise<OpenAgents | undefined> {
  if (askAgent === undefined || foreign.length === 0) return undefined;
  return deps.agents.open(place.directory(), foreign, askAgent);
}

async function carryOut(
  deps: BuildDeps,
  run: {
    /** With the folders and agents that are here now. */
    readonly request: EngineBuildRequest;
    readonly plan: BuildPlan;
    readonly place: Place;
    readonly stop: AbortSignal;
    readonly onEvent: (event: EngineBuildEvent) => void;
  },
): Promise<readonly Exported[]> {
  const { request, plan, place, stop, onEvent } = run;
  const { settings, buildArgs } = request;
  const opened = await openContext(place, request.context, request.dockerfileText, {
    signal: stop,
    credentials: { agent: settings.agents.get("default"), secrets: settings.secrets },
    keepGitDirectory: isOn(buildArgs.get("BUILDKIT_CONTEXT_KEEP_GIT_DIR")),
  });
  const dockerfile = await dockerfileOf(opened, request);
  const named = await namedContexts(request.contexts);
  const own = opened.folder === undefined ? [] : [["context", opened.folder] as const];
  return deps.builder.build(
    {
      dockerfile,
      contexts: new Map([...named.folders, ...own]),
      options: {
        target: request.target,
        buildArgs,
        labels: request.labels,
        platforms: plan.platforms,
        buildPlatform: plan.host,
        noCache: request.noCache,
        network: plan.network,
        context: await mainContext(opened, dockerfile.name),
        contexts: named.contexts,
        dialect: request.dialect,
      },
      settings: { ...settings, networkOf: (container) => containerNetwork(deps, container) },
      pull: request.pull,
      auth: request.auth,
      allowInsecure: request.allowInsecure,
      allowedDevices: request.allowedDevices,
      targets: plan.targets,
      cacheFrom: request.cacheFrom.map(cacheOrigin),
      cacheTo: plan.cacheTo,
      attestations: plan.attestations,
      squash: request.squash,
      buildId: request.buildId,
      call: request.call,
      epochSeconds: plan.epochSeconds,
      signal: stop,
      onEvent,
      onFailed: request.debug
        ? (error, failed) => deps.shells.offer(failed, stop, (shell) => onEvent({ type: "kept", shell, error }))
        : undefined,
    },
    place,
  );
}

/**
 * Ids of agents that are not on this machine: a path of the client's must not name a socket that happens to lie there.
 * `invalid-parameter` where the client does not forward them.
 */
function foreignAgents({ agentFolders, askAgent, settings }: EngineBuildRequest): readonly string[] {
  const isHere = (path: string): boolean => {
    const identity = agentFolders.get(dirname(path));
    return identity === undefined || folderIdentity(dirname(path)) === identity;
  };
  const foreign = [...settings.agents].filter(([, path]) => !isHere(path));
  const [first] = foreign;
  if (first !== undefined && askAgent === undefined)
    throw new BerthError("invalid-parameter", `the ssh agent in ${dirname(first[1])} is not on the engine's machine`, {
      hint: "A newer client forwards it.",
    });
  return foreign.map(([id]) => id);
}

function withAgents(request: EngineBuildRequest, paths: ReadonlyMap<string, string>): EngineBuildRequest {
  const { settings } = request;
  return { ...request, settings: { ...settings, agents: new Map([...settings.agents, ...paths]) } };
}

/** `conflict` for folders that are not this machine's, unless they are sent. */
function checkFolders({ context, folders, sent }: EngineBuildRequest): void {
  for (const [path, identity] of folders) if (!sent.has(path)) checkFolder(path, identity);
  if (context.kind === "folder" && !sent.has(context.path)) checkFolder(context.path, context.identity);
}

function referenceOf(tag: string): Reference {
  const reference = parseReference(tag);
  if (reference.digest !== undefined) throw new BerthError("invalid-parameter", "build tag cannot contain a digest");
  return withDefaultTag(reference);
}

async function checkNetwork(
  { networks, registry }: Pick<BuildDeps, "networks" | "registry">,
  network: string,
  hosts: readonly string[],
): Promise<void> {
  if (network === "default") return;
  if (!network.startsWith("container:")) {
    await networks.find(network);
    return;
  }
  if (network === "container:")
    throw new BerthError("invalid-parameter", "invalid network mode: invalid container format container:<name|id>");
  if (hosts.length > 0)
    throw new BerthError("invalid-parameter", "conflicting options: custom host-to-IP mapping and the network mode");
  registry.find(network.slice("container:".length));
}

async function dockerfileOf(
  opened: OpenedContext,
  request: EngineBuildRequest,
): Promise<{ readonly name: string; readonly text: string }> {
  const name = request.dockerfile === "" ? "Dockerfile" : request.dockerfile;
  if (request.dialect === "classic" && /^\.\.(\/|$)/.test(normalize(name)))
    throw new BerthError("invalid-parameter", `forbidden path outside the build context: ${name} ()`);
  if (opened.dockerfileText !== undefined) return { name, text: opened.dockerfileText };
  const text = opened.folder === undefined ? undefined : await readContextFile(opened.folder, name);
  // docker-compat: a file in lower case will do where none is named.
  const lower =
    text === undefined && request.dockerfile === "" && opened.folder !== undefined
      ? await readContextFile(opened.folder, "dockerfile")
      : undefined;
  const found = text ?? lower;
  if (found === undefined) throw new BerthError("invalid-parameter", `Cannot locate specified Dockerfile: ${name}`);
  if (found.trim() === "") throw new BerthError("invalid-parameter", `the Dockerfile (${name}) cannot be empty`);
  return { name, text: found };
}

/** The Dockerfile's own ignore file goes before the context's. */
async function mainContext(opened: OpenedContext, dockerfile: string): Promise<MainContext> {
  const { folder } = opened;
  if (folder === undefined) return { type: "none" };
  return {
    type: "local",
    ignoreLines: await readIgnoreFile(folder, [`${dockerfile}.dockerignore`, ".dockerignore"]),
  };
}

async function namedContexts(given: ReadonlyMap<string, string>): Promise<{
  readonly folders: ReadonlyMap<string, ContextFolder>;
  readonly contexts: ReadonlyMap<string, NamedContext>;
}> {
  const folders = new Map<string, ContextFolder>();
  const contexts = new Map<string, NamedContext>();
  for (const [name, value] of given) {
    const key = name.toLowerCase();
    if (value.startsWith("docker-image://"))
      contexts.set(key, { type: "image", reference: value.slice("docker-image://".length) });
    else if (value.startsWith("oci-layout://"))
      contexts.set(key, { type: "oci-layout", reference: value.slice("oci-layout://".length) });
    else if (/^(git:\/\/|git@|ssh:\/\/)|\.git(#|$)/.test(value)) contexts.set(key, { type: "git", url: value });
    else if (/^https?:\/\//.test(value)) contexts.set(key, { type: "http", url: value });
    else {
      const folder = { path: value, lasting: true };
      folders.set(key, folder);
      contexts.set(key, { type: "local", ignoreLines: await readIgnoreFile(folder, [".dockerignore"]) });
    }
  }
  return { folders, contexts };
}

/** Each once, in the order asked for. */
function platformsOf(text: string, host: Platform): readonly Platform[] {
  const all = text
    .split(",")
    .filter((part) => part !== "")
    .map((part) => normalizePlatform(parsePlatform(part.trim(), host)));
  return [...new Map(all.map((platform) => [formatPlatform(platform), platform])).values()];
}

function targetsOf(
  { outputs, annotations }: EngineBuildRequest,
  common: {
    readonly references: readonly Reference[];
    readonly epochSeconds: number | undefined;
    readonly host: Platform;
  },
): readonly ExportTarget[] {
  const asked = outputs.length > 0 ? outputs : [{ type: "image", attributes: {}, send: undefined }];
  return asked.map((output) => exportTarget(output, { ...common, annotations }));
}

/** docker-compat: the build argument BUILDKIT_INLINE_CACHE asks for a cache in the image too. */
function cacheTargets({ cacheTo, buildArgs }: EngineBuildRequest): readonly CacheTarget[] {
  const targets = cacheTo.map(cacheTarget);
  const isAsked = isOn(buildArgs.get("BUILDKIT_INLINE_CACHE"));
  return isAsked && !targets.some(({ kind }) => kind === "inline") ? [...targets, { kind: "inline" }] : targets;
}

/** SOURCE_DATE_EPOCH, Unix seconds. */
function epochOf(seconds: string | undefined): number | undefined {
  if (seconds === undefined || seconds === "") return undefined;
  if (!/^\d{1,12}$/.test(seconds)) throw new BerthError("invalid-parameter", `invalid SOURCE_DATE_EPOCH: ${seconds}`);
  return Number(seconds);
}

function tell(
  deps: Pick<BuildDeps, "events">,
  exported: readonly Exported[],
  onEvent: (event: EngineBuildEvent) => void,
): void {
  for (const { imageId: id, names } of exported) {
    if (id === undefined) continue;
    onEvent({ type: "image", id });
    for (const name of names) {
      deps.events.publish({ type: "image", action: "tag", id, attributes: { name } });
      onEvent({ type: "tagged", name });
    }
  }
  const metadata = Object.assign({}, ...exported.map((one) => one.metadata)) as Readonly<Record<string, unknown>>;
  onEvent({ type: "exported", metadata });
}
