import { BerthError } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Leases } from "#content/leases.ts";
import { attestedBy } from "#spec/oci/attestation.ts";
import type { Platform } from "#spec/oci/platform.ts";
import { canonicalName, parseAnyReference, parseReference, withTag, type Reference } from "#spec/oci/reference.ts";
import { isTagRow, type ImageCatalog, type ImageRows } from "../image-catalog.ts";
import { completeManifest, type Publishable } from "../manifest-of.ts";
import { attachedManifest, indexOf } from "../describe-manifests.ts";
import { variantFor } from "../variant-for.ts";
import type { LayerFacts, SavedArchive, SaveRequest, StoredImage } from "../types.ts";
import type { ImageToSave } from "./archive-documents.ts";
import { archiveOf } from "./save-images.ts";

/** What a name means: an image, or an index with the image that stands for it. */
interface Found {
  readonly image: StoredImage;
  readonly index: string | undefined;
  readonly reference: Reference | undefined;
}

interface Wanted extends Found {
  readonly names: Map<string, Reference>;
}

/** Chooses what goes into an archive: see {@link import("../types.ts").ImageService.save}. */
export class ImageArchives {
  readonly #deps: {
    readonly rows: ImageRows;
    readonly blobs: BlobStore;
    readonly leases: Leases;
    readonly catalog: ImageCatalog;
  };

  constructor(deps: {
    readonly rows: ImageRows;
    readonly blobs: BlobStore;
    readonly leases: Leases;
    readonly catalog: ImageCatalog;
  }) {
    this.#deps = deps;
  }

  save(request: SaveRequest): SavedArchive {
    const { blobs, leases } = this.#deps;
    const wanted = this.#wanted(request);
    const lease = leases.acquire();
    try {
      const ids = new Set(wanted.map(({ image }) => image.id));
      const images = wanted.map((one) => {
        const { parentId } = one.image;
        const saved = this.#toSave(one, request.platforms);
        return parentId !== undefined && ids.has(parentId) ? { ...saved, parentId } : saved;
      });
      for (const { published, others, index } of images) {
        if (index !== undefined) lease.hold(index.digest);
        for (const { manifest, document } of [published, ...others])
          for (const { digest } of [document, manifest.config, ...manifest.layers]) lease.hold(digest);
      }
      const chunks = archiveOf(blobs, images, { lease, without: request.without ?? new Set() });
      return { ids: wanted.map(({ image }) => image.id), chunks };
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /** See {@link import("../types.ts").ImageService.layersToSave}. */
  layers(request: SaveRequest): readonly LayerFacts[] {
    const layers = this.#wanted(request).flatMap((one) => this.#toSave(one, request.platforms).layers);
    return [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
  }

  #wanted(request: SaveRequest): readonly Wanted[] {
    const wanted = new Map<string, Wanted>();
    for (const name of request.names) {
      for (const found of this.#find(name, request.platforms)) {
        const { image, index, reference } = found;
        const key = index ?? image.id;
        const entry = wanted.get(key) ?? { ...found, names: new Map<string, Reference>() };
        if (reference !== undefined) entry.names.set(`${canonicalName(reference)}:${reference.tag}`, reference);
        wanted.set(key, entry);
      }
    }
    return [...wanted.values()];
  }

  /** An image, or an index with those of its images that are wanted. */
  #toSave({ image, index, names }: Wanted, platforms: readonly Platform[]): ImageToSave {
    const references = [...names.values()];
    const whole = index === undefined ? undefined : indexOf(this.#deps.blobs, { ...image, indexDigest: index });
    if (whole === undefined) {
      const published = completeManifest(this.#deps, image);
      const { config, artifactType } = image;
      const layers = layersOf(published, config);
      return { published, config, artifactType, references, index: undefined, others: [], layers };
    }
    const wanted = platforms.map((platform) => variantFor(image, image.id, platform));
    const named = new Set(whole.manifests.map(({ digest }) => digest));
    const variants = (wanted.length === 0 ? [image, ...image.variants] : [...new Set(wanted)]).filter(({ manifest }) =>
      named.has(manifest.digest),
    );
    const [first = image, ...rest] = variants;
    const attached = whole.manifests.flatMap((entry) => {
      const of = attestedBy(entry);
      if (of === undefined || !variants.some(({ manifest }) => manifest.digest === of)) return [];
      const found = attachedManifest(this.#deps.blobs, entry);
      if (found === undefined) return [];
      const { mediaType } = found.manifest;
      return [{ manifest: found.manifest, document: { mediaType, digest: entry.digest, bytes: found.bytes } }];
    });
    const { mediaType, digest } = whole.descriptor;
    const published = completeManifest(this.#deps, first);
    const others = rest.map((one) => completeManifest(this.#deps, one));
    return {
      published,
      config: first.config,
      artifactType: first.artifactType,
      references,
      index: { mediaType, digest, bytes: whole.bytes },
      others: [...others, ...attached],
      layers: [published, ...others].flatMap((one, at) => layersOf(one, (variants[at] ?? image).config)),
    };
  }

  /** docker-compat: a name without a tag means all its tags; what is not there is told as it was written. */
  #find(text: string, platforms: readonly Platform[]): readonly Found[] {
    const { catalog, rows } = this.#deps;
    const meant = (name: string, reference?: Reference): Found => {
      const leading = catalog.resolve(name);
      for (const platform of platforms) variantFor(leading, name, platform);
      if (platforms.length === 1) return { image: catalog.resolve(name, platforms[0]), index: undefined, reference };
      return { image: leading, index: catalog.target(name).indexDigest, reference };
    };
    const any = parseAnyReference(text);
    if (any.kind === "reference" && any.reference.tag === undefined && any.reference.digest === undefined) {
      const tagged = rows.referencesOfName(canonicalName(any.reference)).filter(isTagRow);
      if (tagged.length > 0) {
        return tagged.map((row) => {
          return meant(`${row.name}${row.suffix}`, withTag(parseReference(row.name), row.suffix.slice(1)));
        });
      }
    }
    if (catalog.maybe(text) === undefined) throw new BerthError("not-found", `No such image: ${text}`);
    return [meant(text, any.kind === "id" || any.reference.tag === undefined ? undefined : any.reference)];
  }
}

function layersOf({ manifest }: Publishable, { rootfs }: StoredImage["config"]): readonly LayerFacts[] {
  return manifest.layers.map(({ digest, size }, at) => ({
    digest,
    diffId: rootfs.diff_ids[at] ?? "",
    sizeBytes: size,
  }));
}
