import { BerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import type { BlobStore } from "#content/blob-store.ts";
import { ensureDirectory } from "#host/files.ts";
import type { Helpers } from "#host/helper-pool.ts";
import type { HelperStreams } from "#host/helper-streams.ts";
import type { RegistryHttp } from "#host/registry-http.ts";
import type { ImageMaker } from "#image/make/image-maker.ts";
import type { ImageSinks } from "#image/sink.ts";
import type { ImageSources } from "#image/source.ts";
import type { ImageService, Progress, RegistryAuth } from "#image/types.ts";
import type { LayerDirectories } from "#snapshot/layer-directories.ts";
import type { BuildCache } from "./cache/build-cache.ts";
import type { CacheOrigin, CacheTarget } from "./cache/cache-target.ts";
import { fetchLayer } from "./cache/fetch-layer.ts";
import { fillMountsFrom } from "./cache/fill-mount.ts";
import { importCaches } from "./cache/open-origin.ts";
import { isOn } from "./graph/build-args.ts";
import { parseDockerfile } from "./dockerfile/parse-dockerfile.ts";
import type { Dockerfile, LintWarning } from "./dockerfile/types.ts";
import type { Attestations } from "./attest/attest-options.ts";
import type { Exported, ToExport } from "./export/carry-out.ts";
import { exportBuild, type ExportRequest } from "./export/export-build.ts";
import type { ExportTarget } from "./export/export-target.ts";
import { check, convert } from "./graph/convert.ts";
import { listTargets, type BuildTarget } from "./graph/list-targets.ts";
import type { ConvertOptions, ResolveImage } from "./graph/options.ts";
import { outline, type BuildOutline } from "./graph/outline.ts";
import type { BuildGraph } from "./graph/types.ts";
import type { CacheFolders } from "./ops/exec/cache-folders.ts";
import { Solver } from "./solver/solve.ts";
import type { BuildEvent, FailedPlace, StepRunner, StepSettings, TreeDigests } from "./solver/types.ts";
import type { ArchiveReceiver } from "./sources/receive-archive.ts";
import { BuildImages, registryAuthOf } from "./sources/build-images.ts";
import { BuildSources, type ContextFolder } from "./sources/build-sources.ts";
import { Downloads } from "./sources/downloads.ts";
import { LayoutImages } from "./sources/layout-images.ts";
import type { KnownPages } from "./sources/known-pages.ts";
import { openGitContext, openWebContext, type RemoteContext, type RemoteOptions } from "./sources/remote-context.ts";

export interface BuilderDeps {
  readonly cache: BuildCache;
  /** For the steps of one build. */
  readonly newRunner: () => StepRunner;
  readonly digests: TreeDigests;
  readonly images: ImageService;
  readonly maker: ImageMaker;
  readonly blobs: BlobStore;
  readonly http: RegistryHttp;
  readonly pages: KnownPages;
  readonly receiver: ArchiveReceiver;
  readonly streams: HelperStreams;
  /** Of commands' cache mounts. */
  readonly folders: Pick<CacheFolders, "lend">;
  readonly sources: ImageSources & ImageSinks;
  /** Takes a directory away, its name at once. */
  readonly discard: (path: string) => Promise<void>;
  /** What is known of contexts elsewhere, a small file each. */
  readonly knownDirectory: string;
  /** Scratch space on the data root's file system. */
  readonly tmpDir: string;
  readonly helpers: Helpers;
  readonly layers: LayerDirectories;
  /** RFC 3339. */
  readonly now: () => string;
  /** Of this program. */
  readonly version: string;
}

/** What a build says of itself, beside what happens to its vertices. */
export type BuilderEvent =
  | BuildEvent
  /** The text that places in messages are of. */
  | { readonly type: "dockerfile"; readonly name: string; readonly text: string }
  /** It can be read: every instruction with its place, as written. */
  | {
      readonly type: "parsed";
      readonly instructions: readonly { readonly line: number; readonly text: string }[];
      /** Names of all ARGs. */
      readonly declared: readonly string[];
    }
  | { readonly type: "graph"; readonly graph: BuildGraph; readonly warnings: readonly LintWarning[] }
  | { readonly type: "pulling"; readonly line: Progress }
  /** What is done with the result. */
  | { readonly type: "exporting"; readonly text: string }
  | ({ readonly type: "answer" } & BuildAnswer);

/** What is done with the Dockerfile: everything but `build` looks at it only. */
export type BuildCall = "build" | "check" | "outline" | "targets";

/** What looking at a Dockerfile comes to. */
export type BuildAnswer =
  | { readonly call: "check"; readonly warnings: readonly LintWarning[] }
  | { readonly call: "outline"; readonly outline: BuildOutline }
  | { readonly call: "targets"; readonly targets: readonly BuildTarget[] };

export interface DockerfileText {
  /** As messages show it. */
  readonly name: string;
  readonly text: string;
}

export interface BuildRequest {
  readonly dockerfile: DockerfileText;
  /** By name; `context` is the build's own. */
  readonly contexts: ReadonlyMap<string, ContextFolder>;
  readonly options: ConvertOptions;
  readonly settings: StepSettings;
  readonly pull: boolean;
  /** By registry host. */
  readonly auth: ReadonlyMap<string, RegistryAuth>;
  /** Commands may ask for everything the machine has (`--security=insecure`). */
  readonly allowInsecure: boolean;
  /** Devices that commands may ask for (`--device`). */
  readonly allowedDevices: "all" | ReadonlySet<string>;
  /** Carried out in this order. */
  readonly targets: readonly ExportTarget[];
  /** Looked into in this order for what the engine's own cache lacks. */
  readonly cacheFrom: readonly CacheOrigin[];
  readonly cacheTo: readonly CacheTarget[];
  readonly attestations: Attestations;
  /** The layers of this build become one. */
  readonly squash: boolean;
  /** "" where the client named none. */
  readonly buildId: string;
  readonly call: BuildCall;
  /** Unix seconds: SOURCE_DATE_EPOCH. */
  readonly epochSeconds: number | undefined;
  readonly signal: AbortSignal;
  readonly onEvent: (event: BuilderEvent) => void;
  /** See `SolveRequest.onFailed`. */
  readonly onFailed?: ((error: unknown, place: FailedPlace) => Promise<void>) | undefined;
}

/** Scratch space of one build. */
export interface BuildPlace {
  readonly directory: string;
  /** Lay an archive out in a folder of this place. `invalid-parameter` for what is no archive. */
  receive(name: string, body: AsyncIterable<Uint8Array>): Promise<string>;
  /** The context at a web address, or at a git address with `#ref:folder`. */
  remote(kind: "web" | "git", url: string, options: RemoteOptions): Promise<RemoteContext>;
  /** Take everything away. */
  leave(): Promise<void>;
}

/** Dockerfile in, image out. */
export class Builder {
  readonly #deps: BuilderDeps;
  readonly #solver: Solver;

  constructor(deps: BuilderDeps) {
    this.#deps = deps;
    this.#solver = new Solver(deps);
  }

  /** Where a build keeps what it is sent and fetches. The caller leaves it, after the build. */
  place(): BuildPlace {
    const { tmpDir, knownDirectory, receiver, discard, http, pages } = this.#deps;
    const directory = `${tmpDir}/build-${randomHex(8)}`;
    ensureDirectory(directory, 0o700);
    const receive = async (name: string, body: AsyncIterable<Uint8Array>): Promise<string> => {
      const path = `${directory}/${name}`;
      await receiver.receive(path, body);
      return path;
    };
    return {
      directory,
      receive,
      remote: (kind, url, options) => {
        const { credentials } = options;
        const downloads = new Downloads({ http, pages, directory, credentials });
        const remote = { directory, knownDirectory, downloads, pages, receive };
        return kind === "git" ? openGitContext(remote, url, options) : openWebContext(remote, url, options.signal);
      },
      leave: () => discard(directory),
    };
  }

  /**
   * Build the Dockerfile's target and carry its outputs out. Resolves to what became of each, to none when the Dockerfile
   * was only to be looked at: then an event has the answer. `invalid-parameter` for what is wrong with the Dockerfile (details
   * tell where) and for a step that fails, `cancelled` when the signal aborts; nothing of a
   * failed build is left but the cache records of the steps that succeeded.
   */
  async build(request: BuildRequest, place: BuildPlace): Promise<readonly Exported[]> {
    const { signal, onEvent, onFailed, settings } = request;
    const startedAt = this.#deps.now();
    const images = this.#imagesOf(request);
    onEvent({ type: "dockerfile", ...request.dockerfile });
    const dockerfile = parseDockerfile(request.dockerfile, request.options.buildArgs.get("BUILDKIT_DOCKERFILE_CHECK"));
    const instructions = dockerfile.stages.flatMap((stage) => [stage.from, ...stage.instructions]);
    onEvent({
      type: "parsed",
      instructions: [...dockerfile.args, ...instructions].map(({ range, original }) => ({
        line: range.startLine,
        text: original,
      })),
      declared: [...dockerfile.args, ...instructions].flatMap((one) =>
        one.kind === "arg" ? one.args.map(({ key }) => key) : [],
      ),
    });
    const layouts = new LayoutImages(this.#deps.images, signal);
    const resolve: ResolveImage = async (reference, platform, layout) => {
      const image = await (layout === undefined ? images : layouts).get(reference, platform);
      return { digest: image.id, config: image.config };
    };
    if (request.call !== "build") {
      onEvent({ type: "answer", ...(await answer(request.call, dockerfile, request.options, resolve)) });
      return [];
    }
    const { graph, warnings } = await convert(dockerfile, request.options, resolve);
    refuseInsecure(graph, request.allowInsecure);
    refuseDevices(graph, request.allowedDevices);
    onEvent({ type: "graph", graph, warnings });
    const { contexts } = request;
    const { http, pages } = this.#deps;
    const credentials = { agent: settings.agents.get("default"), secrets: settings.secrets };
    const downloads = new Downloads({ http, pages, directory: place.directory, credentials });
    const sources = new BuildSources({ images, layouts, contexts, downloads });
    const elsewhere = { authFor: authOf(request), signal, report: reportOf(request) };
    const imported = await importCaches(this.#deps, request.cacheFrom, elsewhere);
    const cache = this.#deps.cache.session(imported, (...wanted) => fetchLayer(this.#deps.maker, ...wanted));
    try {
      const fillMount = fillMountsFrom(this.#deps.receiver, imported, elsewhere.report);
      const solvedOf = await this.#solver.solve({
        graph,
        sources,
        cache,
        settings,
        fillMount,
        signal,
        onEvent,
        onFailed,
      });
      return await exportBuild(this.#deps, exportRequest(request, startedAt), {
        graph,
        images,
        layouts,
        solvedOf,
        cache,
      });
    } finally {
      cache.end();
    }
  }

  #imagesOf({ pull, auth, signal, onEvent }: BuildRequest): BuildImages {
    const onProgress = (line: Progress): void => onEvent({ type: "pulling", line });
    return new BuildImages(this.#deps.images, { pull, auth, signal, onProgress });
  }
}

async function answer(
  call: Exclude<BuildCall, "build">,
  dockerfile: Dockerfile,
  options: ConvertOptions,
  resolve: ResolveImage,
): Promise<BuildAnswer> {
  if (call === "targets") return { call, targets: listTargets(dockerfile) };
  if (call === "check") return { call, warnings: await check(dockerfile, options, resolve) };
  const { target, buildArgs, buildPlatform, platforms } = options;
  const platform = platforms[0] ?? buildPlatform;
  return { call, outline: outline(dockerfile, { target, buildArgs, buildPlatform, platform }) };
}

function authOf({ auth }: BuildRequest): ToExport["authFor"] {
  return ({ domain }) => registryAuthOf(auth, domain);
}

function reportOf({ onEvent }: BuildRequest): (text: string) => void {
  return (text) => onEvent({ type: "exporting", text });
}

function exportRequest(request: BuildRequest, startedAt: string): ExportRequest {
  const { options, dockerfile, contexts, buildId: invocationId } = request;
  const { target, buildArgs, labels, buildPlatform, platforms, dialect } = options;
  return {
    ...request,
    authFor: authOf(request),
    report: reportOf(request),
    onProgress: (line) => request.onEvent({ type: "pulling", line }),
    asIndex: platforms.length > 1 || isOn(buildArgs.get("BUILDKIT_MULTI_PLATFORM")),
    keepParents: dialect === "classic",
    facts: {
      ...{ dockerfile, target, buildArgs, labels, buildPlatform, invocationId, startedAt },
      contexts: [...contexts.keys()],
    },
  };
}

/** A device of the machine is for who has been allowed it: all by `device`, one by `device=NAME`. */
function refuseDevices(graph: BuildGraph, allowed: BuildRequest["allowedDevices"]): void {
  if (allowed === "all") return;
  const wanted = graph.vertices.flatMap(({ operation }) => (operation.kind === "exec" ? operation.devices : []));
  const refused = wanted.find(({ name }) => !allowed.has(name));
  if (refused === undefined) return;
  throw new BerthError("forbidden", `device ${refused.name} is not allowed`, {
    hint: `Allow it with --allow device=${refused.name}, or every device with --allow device.`,
  });
}

function refuseInsecure(graph: BuildGraph, allowed: boolean): void {
  const insecure = graph.vertices.find(
    ({ operation }) => operation.kind === "exec" && operation.security === "insecure",
  );
  if (insecure === undefined || allowed) return;
  throw new BerthError("forbidden", "security.insecure is not allowed", {
    hint: "Allow it with --allow security.insecure.",
  });
}
