import type { Reference } from "#spec/oci/reference.ts";
import type { BuilderEvent } from "../build-request.ts";
import type { FoundStep } from "../cache/build-cache.ts";
import type { Exported } from "../export/carry-out.ts";
import type { ImageAsked } from "../sources/build-images.ts";
import type { DigestedFiles } from "./context-digests.ts";

/** As many builds are remembered. */
const MAX_KNOWN = 64;

/** A build that found everything: what it stood on, what it said and what became of it. */
export interface KnownBuild {
  readonly images: readonly ImageAsked[];
  readonly files: readonly DigestedFiles[];
  readonly steps: readonly FoundStep[];
  /** Digest of the image's manifest. */
  readonly manifest: string;
  readonly events: readonly BuilderEvent[];
  readonly exported: Exported & { readonly imageId: string };
}

/** What there is now of what builds stand on. */
export interface Ground {
  /** Of an image that is here. */
  imageId(asked: Omit<ImageAsked, "id">): Promise<string | undefined>;
  digest(files: Omit<DigestedFiles, "digest">): Promise<string | undefined>;
  /** When each is found under its key still, the build relies on all of them from now on. */
  useAll(steps: readonly FoundStep[]): boolean;
  /** Digest of the manifest of an image of the store; undefined when it is not there. */
  manifestOf(imageId: string): string | undefined;
  name(imageId: string, references: readonly Reference[]): void;
}

/**
 * Builds that found everything, by all that was asked for. When the same is asked for again, and images, files and cache
 * records are what they were, the same is told again: nothing is read, converted, solved and printed anew.
 */
export class KnownBuilds {
  /** The one used last is the last. */
  readonly #known = new Map<string, KnownBuild>();

  /** The build of that recipe, done again with these names; undefined when it has to be built. */
  async again(recipe: string, references: readonly Reference[], ground: Ground): Promise<KnownBuild | undefined> {
    const known = this.#known.get(recipe);
    if (known === undefined || !(await stands(known, ground))) return undefined;
    ground.name(known.exported.imageId, references);
    this.keep(recipe, known);
    return known;
  }

  keep(recipe: string, build: KnownBuild): void {
    this.#known.delete(recipe);
    this.#known.set(recipe, build);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** What may change at any moment is looked at last. */
async function stands({ images, files, steps, manifest, exported }: KnownBuild, ground: Ground): Promise<boolean> {
  for (const { reference, platform, id } of images)
    if ((await ground.imageId({ reference, platform })) !== id) return false;
  for (const { context, excludes, selection, digest } of files)
    if ((await ground.digest({ context, excludes, selection })) !== digest) return false;
  return ground.manifestOf(exported.imageId) === manifest && ground.useAll(steps);
}
