import { BerthError } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Helpers } from "#host/helpers/helper-pool.ts";
import type { HelperStreams } from "#host/helpers/helper-streams.ts";
import type { ImageMaker } from "#image/make/image-maker.ts";
import type { ImageSinks } from "#image/sink.ts";
import type { ImageSources } from "#image/source.ts";
import type { ImageService, Progress } from "#image/types.ts";
import type { LayerDirectories } from "#snapshot/layer-directories.ts";
import type { BuildCache } from "./cache/build-cache.ts";
import { buildPlace, type BuildPlace, type BuildPlaceDeps } from "./build-place.ts";
import type { BuildAnswer, BuildCall, BuildRequest } from "./build-request.ts";
import { fetchLayer } from "./cache/fetch-layer.ts";
import { fillMountsFrom } from "./cache/fill-mount.ts";
import { importCaches } from "./cache/open-origin.ts";
import { isOn } from "./graph/build-args.ts";
import { parseDockerfile } from "./dockerfile/parse-dockerfile.ts";
import type { Dockerfile } from "./dockerfile/types.ts";
import type { Exported, ToExport } from "./export/carry-out.ts";
import { exportBuild, type ExportRequest } from "./export/export-build.ts";
import { check, convert } from "./graph/convert.ts";
import { listTargets } from "./graph/list-targets.ts";
import type { ConvertOptions, ResolveImage } from "./graph/options.ts";
import { outline } from "./graph/outline.ts";
import type { BuildGraph } from "./graph/types.ts";
import { ContextDigests } from "./known/context-digests.ts";
import { KnownBuilds, type KnownBuild } from "./known/known-builds.ts";
import { recipeOf } from "./known/recipe.ts";
import { Witness } from "./known/witness.ts";
import type { CacheFolders } from "./ops/exec/cache-folders.ts";
import { Solver } from "./solver/solve.ts";
import type { StepRunner, TreeDigests } from "./solver/types.ts";
import { BuildImages, registryAuthOf } from "./sources/build-images.ts";
import { BuildSources } from "./sources/build-sources.ts";
import { Downloads } from "./sources/downloads.ts";
import { LayoutImages } from "./sources/layout-images.ts";

export interface BuilderDeps extends BuildPlaceDeps {
  readonly cache: BuildCache;
  /** For the steps of one build. */
  readonly newRunner: () => StepRunner;
  readonly digests: TreeDigests;
  readonly images: ImageService;
  readonly maker: ImageMaker;
  readonly blobs: BlobStore;
  readonly streams: HelperStreams;
  /** Of commands' cache mounts. */
  readonly folders: Pick<CacheFolders, "lend">;
  readonly sources: ImageSources & ImageSinks;
  readonly helpers: Helpers;
  readonly layers: LayerDirectories;
  /** RFC 3339. */
  readonly now: () => string;
  /** Of this program. */
  readonly version: string;
}

/** What a build begins with. */
interface Beginning {
  /** See {@link recipeOf}. */
  readonly recipe: string | undefined;
  readonly images: BuildImages;
  readonly digests: ContextDigests;
}

/** Dockerfile in, image out. */
export class Builder {
  readonly #deps: BuilderDeps;
  readonly #solver: Solver;
  readonly #known = new KnownBuilds();

  constructor(deps: BuilderDeps) {
    this.#deps = deps;
    this.#solver = new Solver(deps);
  }

  /** Where a build keeps what it is sent and fetches. The caller leaves it, after the build. */
  place(): BuildPlace {
    return buildPlace(this.#deps);
  }

  /**
   * Build the Dockerfile's target and carry its outputs out. Resolves to what became of each, to none when the Dockerfile
   * was only to be looked at: then an event has the answer. `invalid-parameter` for what is wrong with the Dockerfile (details
   * tell where) and for a step that fails, `cancelled` when the signal aborts; nothing of a
   * failed build is left but the cache records of the steps that succeeded.
   */
  async build(request: BuildRequest, place: BuildPlace): Promise<readonly Exported[]> {
    const recipe = recipeOf(request);
    const images = this.#imagesOf(request);
    const digests = new ContextDigests({ digests: this.#deps.digests, contexts: request.contexts });
    const known = recipe === undefined ? undefined : await this.#again(recipe, request, { images, digests });
    if (known === undefined) return this.#build(request, place, { recipe, images, digests });
    for (const event of known.events) request.onEvent(event);
    return [known.exported];
  }

  /** See {@link KnownBuilds.again}. What cannot be looked at is for the build to tell. */
  async #again(
    recipe: string,
    { signal, targets }: BuildRequest,
    { images, digests }: { readonly images: BuildImages; readonly digests: ContextDigests },
  ): Promise<KnownBuild | undefined> {
    const { maker } = this.#deps;
    const cache = this.#deps.cache.session();
    const references = targets.flatMap((target) => ("references" in target ? target.references : []));
    try {
      return await this.#known.again(recipe, references, {
        imageId: async ({ reference, platform }) => (await images.local(reference, platform))?.id,
        digest: (files) => digests.digest(files, signal),
        useAll: (steps) => cache.useAll(steps),
        manifestOf: (imageId) => maker.manifestDigest(imageId),
        name: (imageId, names) => maker.name(imageId, names),
      });
    } catch (error) {
      if (signal.aborted) throw error;
      return undefined;
    } finally {
      cache.end();
    }
  }

  async #build(
    given: BuildRequest,
    place: BuildPlace,
    { recipe, images, digests }: Beginning,
  ): Promise<readonly Exported[]> {
    const witness = new Witness();
    const request: BuildRequest = {
      ...given,
      onEvent: (event) => {
        witness.see(event);
        given.onEvent(event);
      },
    };
    const { signal, onEvent, onFailed, settings } = request;
    const startedAt = this.#deps.now();
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
    const sources = new BuildSources({ images, layouts, contexts, downloads, digests });
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
      const solved = { graph, images, layouts, solvedOf, cache };
      const exported = await exportBuild(this.#deps, exportRequest(request, startedAt), solved);
      if (recipe !== undefined) {
        const manifestOf = (imageId: string): string | undefined => this.#deps.maker.manifestDigest(imageId);
        const seen = { graph, images: images.asked, files: digests.all(), steps: cache.found, exported, manifestOf };
        const known = witness.knownBuild(seen);
        if (known !== undefined) this.#known.keep(recipe, known);
      }
      return exported;
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
