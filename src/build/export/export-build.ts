import { cancelled, isBerthError, messageOf } from "#base/errors.ts";
import { formatTime } from "#base/time.ts";
import type { StoredImage } from "#image/types.ts";
import { formatPlatform, type Platform } from "#spec/oci/platform.ts";
import { attestFiles, attestImage, type AttestDeps, type AttestRequest } from "../attest/attest.ts";
import type { Attestations } from "../attest/attest-options.ts";
import type { ProvenanceFacts } from "../attest/provenance.ts";
import type { BuildCacheSession } from "../cache/build-cache.ts";
import type { CacheTarget } from "../cache/cache-target.ts";
import { inlineCache } from "../cache/export-cache.ts";
import { exportMounts, type ExportMountsDeps } from "../cache/export-mounts.ts";
import { writeCache } from "../cache/write-cache.ts";
import type { BuildGraph, BuildResult, VertexId } from "../graph/types.ts";
import type { Solved } from "../solver/solve.ts";
import type { BuildImages } from "../sources/build-images.ts";
import type { LayoutImages } from "../sources/layout-images.ts";
import { carryOut, type ExportDeps, type Exported, type ToExport } from "./carry-out.ts";
import { draftImage } from "./draft-image.ts";
import type { ExportTarget } from "./export-target.ts";
import { squash, type SquashDeps } from "./squash.ts";
import type { ImageDraft } from "./types.ts";

/** What is wanted of a build when its steps are done. */
export interface ExportRequest extends Pick<ToExport, "signal" | "epochSeconds" | "authFor" | "report" | "onProgress"> {
  /** Carried out in this order. */
  readonly targets: readonly ExportTarget[];
  readonly cacheTo: readonly CacheTarget[];
  readonly attestations: Attestations;
  /** Several platforms were asked for. */
  readonly asIndex: boolean;
  /** docker-compat: the classic builder remembers what an image was made of, BuildKit does not. */
  readonly keepParents: boolean;
  /** The layers of this build become one. */
  readonly squash: boolean;
  readonly facts: Omit<ProvenanceFacts, "mode" | "builderId" | "reproducible" | "graph" | "digestOf" | "finishedAt">;
}

/** What was solved. */
export interface SolvedBuild {
  readonly graph: BuildGraph;
  readonly images: BuildImages;
  readonly layouts: LayoutImages;
  readonly solvedOf: (vertex: VertexId) => Promise<Solved>;
  readonly cache: BuildCacheSession;
}

export type ExportBuildDeps = ExportDeps &
  AttestDeps &
  SquashDeps &
  ExportMountsDeps & { /** RFC 3339. */ readonly now: () => string };

/**
 * Carry a build's outputs out, then its caches. Resolves to what became of each output. What was made for outputs alone is
 * gone when it ends, however it ends. Errors are those of {@link carryOut} and {@link writeCache}.
 */
export async function exportBuild(
  deps: ExportBuildDeps,
  request: ExportRequest,
  { graph, images, layouts, solvedOf, cache }: SolvedBuild,
): Promise<readonly Exported[]> {
  const { maker } = deps;
  const { targets, cacheTo, epochSeconds, signal } = request;
  const solved = new Map<VertexId, Solved>();
  for (const { root, history } of graph.results)
    for (const id of [root, ...history.map(({ vertex }) => vertex)])
      if (id !== undefined) solved.set(id, await solvedOf(id));
  const lease = maker.lease();
  const epoch = epochSeconds === undefined ? undefined : formatTime(BigInt(epochSeconds) * 1_000_000_000n);
  let drafts: Promise<readonly ImageDraft[]> | undefined;
  const draftAll = (): Promise<readonly ImageDraft[]> =>
    Promise.all(
      graph.results.map(async (result) => {
        const base = await baseOf(graph, result, { images, layouts });
        const parentId = request.keepParents ? base?.id : undefined;
        const draft = await draftImage({ maker, cache }, { result, solved, base, epoch, parentId }, lease);
        return request.squash ? squash(deps, draft, { cache, lease }) : draft;
      }),
    );
  const trees = graph.results.map(({ root, platform }): ToExport["trees"][number] => ({
    platform,
    tree: (root === undefined ? undefined : solved.get(root)?.tree) ?? { kind: "layers", layers: [] },
  }));
  const built: ToExport = {
    ...request,
    drafts: () => (drafts ??= draftAll()),
    trees,
    lease,
    nowSeconds: () => Math.floor(Date.parse(deps.now()) / 1000),
    inline: cacheTo.some(({ kind }) => kind === "inline")
      ? ({ recordIds, layers }) => {
          const numbers = layers.map((layer) => (layer.kind === "built" ? layer.number : undefined));
          return inlineCache(cache.used(recordIds), numbers);
        }
      : undefined,
    attest: attestWith(deps, request, { graph, images, trees, lease }),
  };
  try {
    const exported: Exported[] = [];
    for (const target of targets) {
      if (signal.aborted) throw cancelled();
      exported.push(await carryOut(deps, target, built));
    }
    for (const target of cacheTo)
      if (target.kind !== "inline") await exportCache(deps, target, { graph, cache }, built);
    return exported;
  } finally {
    const made = lease.keys.filter((key) => /^sha(256|512):/.test(key));
    lease.release();
    await maker.drop(made);
  }
}

function attestWith(
  deps: ExportBuildDeps,
  { attestations: wanted, facts }: ExportRequest,
  { graph, images, trees, lease }: Pick<SolvedBuild, "graph" | "images"> & Pick<ToExport, "trees" | "lease">,
): ToExport["attest"] {
  if (wanted.provenance === undefined && !wanted.sbom) return undefined;
  const requestFor = async (index: number): Promise<AttestRequest> => {
    const digests = await baseDigests(graph, images);
    const digestOf = (reference: string, platform: Platform): string | undefined =>
      digests.get(`${reference} ${formatPlatform(platform)}`);
    const tree = trees[index]?.tree ?? { kind: "layers", layers: [] };
    return { wanted, facts: { ...facts, graph, digestOf, finishedAt: deps.now() }, tree };
  };
  return {
    image: async (image, index, references) =>
      attestImage(deps, { ...(await requestFor(index)), image, references, lease }),
    files: async (index) => attestFiles(deps, await requestFor(index)),
  };
}

/** By which a registry has the images that were built upon, by reference and platform. */
async function baseDigests(graph: BuildGraph, images: BuildImages): Promise<ReadonlyMap<string, string>> {
  const digests = new Map<string, string>();
  for (const { operation, platform } of graph.vertices) {
    if (operation.kind !== "image") continue;
    const image = await images.get(operation.reference, platform);
    digests.set(`${operation.reference} ${formatPlatform(platform)}`, image.manifest.digest);
  }
  return digests;
}

async function exportCache(
  deps: ExportBuildDeps,
  target: Exclude<CacheTarget, { readonly kind: "inline" }>,
  { graph, cache }: Pick<SolvedBuild, "graph" | "cache">,
  built: ToExport,
): Promise<void> {
  built.report(`exporting cache to ${target.kind === "layout" ? "client directory" : "registry"}`);
  try {
    if (target.all) await cache.fetchAll(built.signal);
    const drafts = target.all ? [] : await built.drafts();
    const among = target.all ? undefined : new Set(drafts.flatMap(({ recordIds }) => [...recordIds]));
    const mounts = target.mounts ? await exportMounts(deps, graph, target.form, built) : [];
    await writeCache(deps, target, cache.used(among), mounts, built);
  } catch (error) {
    if (!target.mayFail || isBerthError(error, "cancelled")) throw error;
    built.report(`WARNING: the cache was not exported: ${messageOf(error)}`);
  }
}

async function baseOf(
  graph: BuildGraph,
  { base }: BuildResult,
  { images, layouts }: Pick<SolvedBuild, "images" | "layouts">,
): Promise<StoredImage | undefined> {
  const vertex = base === undefined ? undefined : graph.vertices[base];
  if (vertex?.operation.kind === "image") return images.get(vertex.operation.reference, vertex.platform);
  if (vertex?.operation.kind === "oci-layout") return layouts.get(vertex.operation.reference, vertex.platform);
  return undefined;
}
