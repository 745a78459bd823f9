import { BerthError, isBerthError, messageOf } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { ImageMaker } from "#image/make/image-maker.ts";
import type { ImageSources } from "#image/source.ts";
import type { ImageService, RegistryAuth } from "#image/types.ts";
import { familiarString, type Reference } from "#spec/oci/reference.ts";
import type { CacheOrigin } from "./cache-target.ts";
import { INLINE_MEMBER } from "./cache-document.ts";
import { ImportedCache } from "./imported-cache.ts";
import { LayoutSource } from "./layout-source.ts";
import { StoreSource } from "./store-source.ts";

export interface OriginDeps {
  readonly images: Pick<ImageService, "resolve">;
  readonly maker: ImageMaker;
  readonly blobs: BlobStore;
  readonly sources: ImageSources;
}

/**
 * Open a cache that lies elsewhere. An image of that name in the store goes before its registry when it has a cache in it.
 * `not-found` when there is none; other errors are the registry's.
 */
async function openOrigin(
  deps: OriginDeps,
  origin: CacheOrigin,
  {
    authFor,
    signal,
  }: { readonly authFor: (reference: Reference) => RegistryAuth | undefined; readonly signal: AbortSignal },
): Promise<ImportedCache> {
  if (origin.kind === "folder") return ImportedCache.open(new LayoutSource(origin.path), origin.target, signal);
  const { reference } = origin;
  const { tag = "latest", digest } = reference;
  const target = digest === undefined ? { tag } : { digest };
  const here = await imageHere(deps, reference);
  if (here !== undefined) return ImportedCache.open(here, { tag }, signal);
  if (origin.kind === "store") throw new BerthError("not-found", "no image of that name has a cache in it");
  return ImportedCache.open(deps.sources.open(reference, authFor(reference)), target, signal);
}

/** docker-compat: a cache that cannot be read is told of, and the build goes on without it. */
export async function importCaches(
  deps: OriginDeps,
  origins: readonly CacheOrigin[],
  context: Parameters<typeof openOrigin>[2] & { readonly report: (text: string) => void },
): Promise<readonly ImportedCache[]> {
  const opened = origins.map(async (origin) => {
    try {
      const cache = await openOrigin(deps, origin, context);
      context.report(`importing cache from ${originName(origin)}`);
      return [cache];
    } catch (error) {
      if (context.signal.aborted || isBerthError(error, "cancelled")) throw error;
      context.report(`WARNING: no cache from ${originName(origin)}: ${messageOf(error)}`);
      return [];
    }
  });
  return (await Promise.all(opened)).flat();
}

async function imageHere(deps: OriginDeps, reference: Reference): Promise<StoreSource | undefined> {
  try {
    const image = await deps.images.resolve(familiarString(reference));
    if (!(INLINE_MEMBER in (JSON.parse(new TextDecoder().decode(image.rawConfig)) as object))) return undefined;
    return new StoreSource(deps.blobs, deps.maker.manifestOf(image));
  } catch (error) {
    if (isBerthError(error, "not-found") || isBerthError(error, "data-loss")) return undefined;
    throw error;
  }
}

/** As people see it. */
function originName(origin: CacheOrigin): string {
  return origin.kind === "folder" ? origin.path : familiarString(origin.reference);
}
