import { BerthError } from "#base/errors.ts";
import type { BlobStore } from "#content/blob-store.ts";
import type { Leases } from "#content/leases.ts";
import { canonicalName, parseAnyReference, parseReference, withTag, type Reference } from "#spec/oci/reference.ts";
import { isTagRow, type ImageCatalog, type ImageRows } from "../image-catalog.ts";
import { completeManifest } from "../manifest-of.ts";
import type { SavedArchive, SaveRequest, StoredImage } from "../types.ts";
import type { ImageToSave } from "./archive-documents.ts";
import { archiveOf } from "./save-images.ts";

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
    const wanted = new Map<string, { readonly image: StoredImage; readonly names: Map<string, Reference> }>();
    for (const name of request.names) {
      for (const { image, reference } of this.#find(name)) {
        request.check(image, name);
        const entry = wanted.get(image.id) ?? { image, names: new Map<string, Reference>() };
        if (reference !== undefined) entry.names.set(`${canonicalName(reference)}:${reference.tag}`, reference);
        wanted.set(image.id, entry);
      }
    }
    const lease = leases.acquire();
    try {
      const images = [...wanted.values()].map(({ image, names }): ImageToSave => {
        const published = completeManifest(this.#deps, image);
        const { manifest, document } = published;
        for (const { digest } of [document, manifest.config, ...manifest.layers]) lease.hold(digest);
        return { config: image.config, published, references: [...names.values()] };
      });
      return { ids: [...wanted.keys()], chunks: archiveOf(blobs, images, lease) };
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /** docker-compat: a name without a tag means all its tags; what is not there is told as it was written. */
  #find(text: string): readonly { readonly image: StoredImage; readonly reference?: Reference }[] {
    const { catalog, rows } = this.#deps;
    const any = parseAnyReference(text);
    if (any.kind === "reference" && any.reference.tag === undefined && any.reference.digest === undefined) {
      const tagged = rows.referencesOfName(canonicalName(any.reference)).filter(isTagRow);
      if (tagged.length > 0) {
        return tagged.map((row) => {
          const reference = withTag(parseReference(row.name), row.suffix.slice(1));
          return { image: catalog.resolve(`${row.name}${row.suffix}`), reference };
        });
      }
    }
    const image = catalog.maybe(text);
    if (image === undefined) throw new BerthError("not-found", `No such image: ${text}`);
    if (any.kind === "id" || any.reference.tag === undefined) return [{ image }];
    return [{ image, reference: any.reference }];
  }
}
