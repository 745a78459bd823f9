import { BerthError } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import type { BlobStore } from "#content/blob-store.ts";
import { ensureDirectory } from "#host/files.ts";
import type { RegistryHttp } from "#host/registry-http.ts";
import type { ImageMaker } from "#image/make/image-maker.ts";
import type { ImageService, Progress, RegistryAuth, StoredImage } from "#image/types.ts";
import type { Reference } from "#spec/oci/reference.ts";
import type { BuildCache, BuildCacheSession } from "./cache/build-cache.ts";
import { parseDockerfile } from "./dockerfile/parse-dockerfile.ts";
import type { Dockerfile, LintWarning } from "./dockerfile/types.ts";
import { exportImage } from "./export/export-image.ts";
import { check, convert } from "./graph/convert.ts";
import { listTargets, type BuildTarget } from "./graph/list-targets.ts";
import type { ConvertOptions, ResolveImage } from "./graph/options.ts";
import { outline, type BuildOutline } from "./graph/outline.ts";
import type { BuildGraph, BuildResult, Vertex, VertexId } from "./graph/types.ts";
import { Solver, type Solved } from "./solver/solve.ts";
import type { BuildEvent, StepRunner, StepSettings, TreeDigests } from "./solver/types.ts";
import type { ArchiveReceiver } from "./sources/receive-archive.ts";
import { BuildImages } from "./sources/build-images.ts";
import { BuildSources, type ContextFolder } from "./sources/build-sources.ts";
import { Downloads } from "./sources/downloads.ts";
import { cloneAddress } from "./sources/git.ts";

export interface BuilderDeps {
  readonly cache: BuildCache;
  readonly runner: StepRunner;
  readonly digests: TreeDigests;
  readonly images: ImageService;
  readonly maker: ImageMaker;
  readonly blobs: BlobStore;
  readonly http: RegistryHttp;
  readonly receiver: ArchiveReceiver;
  /** Takes a directory away, its name at once. */
  readonly discard: (path: string) => Promise<void>;
  /** Scratch space on the data root's file system. */
  readonly tmpDir: string;
}

/** What a build says of itself, beside what happens to its vertices. */
export type BuilderEvent =
  | BuildEvent
  /** The text that places in messages are of. */
  | { readonly type: "dockerfile"; readonly name: string; readonly text: string }
  | { readonly type: "graph"; readonly graph: BuildGraph; readonly warnings: readonly LintWarning[] }
  | { readonly type: "pulling"; readonly line: Progress }
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
  readonly references: readonly Reference[];
  readonly call: BuildCall;
  /** RFC 3339: SOURCE_DATE_EPOCH. */
  readonly epoch: string | undefined;
  readonly signal: AbortSignal;
  readonly onEvent: (event: BuilderEvent) => void;
}

/** Scratch space of one build. */
export interface BuildPlace {
  readonly directory: string;
  /** Lay an archive out in a folder of this place. `invalid-parameter` for what is no archive. */
  receive(name: string, body: AsyncIterable<Uint8Array>): Promise<string>;
  /** Fetch a web address into the file `path`: its content type. */
  download(url: string, path: string, signal: AbortSignal): Promise<string>;
  /** Fetch what a git address with `#ref:folder` names: the folder's path. */
  clone(url: string, signal: AbortSignal): Promise<string>;
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
    const { tmpDir, receiver, discard, http } = this.#deps;
    const directory = `${tmpDir}/build-${randomHex(8)}`;
    ensureDirectory(directory, 0o700);
    const downloads = new Downloads({ http, directory });
    return {
      directory,
      async receive(name, body) {
        const path = `${directory}/${name}`;
        await receiver.receive(path, body);
        return path;
      },
      download: (url, path, signal) => downloads.download(url, path, { checksum: undefined, signal, report: () => {} }),
      clone: (url, signal) => cloneAddress(url, directory, signal),
      leave: () => discard(directory),
    };
  }

  /**
   * Build the Dockerfile's target and give it its names. Resolves to the image's id, to undefined when the Dockerfile was
   * only to be looked at: then an event has the answer. `invalid-parameter` for what is wrong with the Dockerfile (details
   * tell where) and for a step that fails, `cancelled` when the signal aborts; nothing of a
   * failed build is left but the cache records of the steps that succeeded.
   */
  async build(request: BuildRequest, place: BuildPlace): Promise<string | undefined> {
    const { signal, onEvent, settings } = request;
    const images = this.#imagesOf(request);
    onEvent({ type: "dockerfile", ...request.dockerfile });
    const dockerfile = parseDockerfile(request.dockerfile);
    const resolve: ResolveImage = async (reference, platform) => {
      const image = await images.get(reference, platform);
      return { digest: image.id, config: image.config };
    };
    if (request.call !== "build") {
      onEvent({ type: "answer", ...(await answer(request.call, dockerfile, request.options, resolve)) });
      return undefined;
    }
    const { graph, warnings } = await convert(dockerfile, request.options, resolve);
    refuseInsecure(graph, request.allowInsecure);
    refuseDevices(graph);
    onEvent({ type: "graph", graph, warnings });
    const { contexts } = request;
    const downloads = new Downloads({ http: this.#deps.http, directory: place.directory });
    const sources = new BuildSources({ images, contexts, downloads });
    const cache = this.#deps.cache.session();
    try {
      const solvedOf = await this.#solver.solve({ graph, sources, cache, settings, signal, onEvent });
      const [result, ...others] = graph.results;
      if (result === undefined || others.length > 0)
        throw new BerthError("not-implemented", "building for several platforms at once is not supported yet", {
          hint: "Build for one platform after the other.",
        });
      return await this.#export(request, graph, result, images, solvedOf, cache);
    } finally {
      cache.end();
    }
  }

  async #export(
    request: BuildRequest,
    graph: BuildGraph,
    result: BuildResult,
    images: BuildImages,
    solvedOf: (vertex: VertexId) => Promise<Solved>,
    cache: BuildCacheSession,
  ): Promise<string> {
    const { maker, blobs } = this.#deps;
    const wanted = [result.root, ...result.history.map(({ vertex }) => vertex)].filter((id) => id !== undefined);
    const solved = new Map<VertexId, Solved>();
    for (const id of wanted) solved.set(id, await solvedOf(id));
    const base = await baseOf(graph, result, images);
    const { references, epoch, options } = request;
    // docker-compat: the classic builder remembers what an image was made of, BuildKit does not.
    const parentId = options.dialect === "classic" ? base?.id : undefined;
    return exportImage({ maker, blobs, cache }, { result, solved, base, references, epoch, parentId });
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

async function baseOf(graph: BuildGraph, { base }: BuildResult, images: BuildImages): Promise<StoredImage | undefined> {
  const vertex = base === undefined ? undefined : graph.vertices[base];
  if (vertex === undefined || vertex.operation.kind !== "image") return undefined;
  return images.get(vertex.operation.reference, vertex.platform);
}

function refuseDevices(graph: BuildGraph): void {
  const uses = ({ operation }: Vertex): boolean => operation.kind === "exec" && operation.devices.length > 0;
  if (!graph.vertices.some(uses)) return;
  throw new BerthError("not-implemented", "RUN --device is not supported yet");
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
