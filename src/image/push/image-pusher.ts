import { Limit, SingleFlight } from "#base/async.ts";
import { BerthError } from "#base/errors.ts";
import {
  canonicalName,
  familiarName,
  familiarString,
  parseReference,
  withTag,
  type Reference,
} from "#spec/oci/reference.ts";
import { isTagRow, type ImageCatalog } from "../image-catalog.ts";
import type { CollectDeps } from "../manage/collect-garbage.ts";
import { rateLimited } from "../rate-limited.ts";
import type { ImageSink, ImageSinks } from "../sink.ts";
import type { PushRequest, StoredImage } from "../types.ts";
import type { Publishable } from "../manifest-of.ts";
import type { PushCompression } from "./compress.ts";
import { publishable } from "./publishable.ts";
import { mountSources, pushImage } from "./push-image.ts";

/** Brings images to registries: one tag, or all that a repository has here. */
export class ImagePusher {
  readonly #deps: CollectDeps & {
    readonly catalog: ImageCatalog;
    readonly sinks: ImageSinks;
    readonly now: () => string;
  };
  readonly #uploads: Limit;
  readonly #preparing = new SingleFlight<Publishable>();

  /** `maxUploads`: layers on their way at a time, as it is now. */
  constructor(
    deps: CollectDeps & {
      readonly catalog: ImageCatalog;
      readonly sinks: ImageSinks;
      /** RFC 3339. */
      readonly now: () => string;
      readonly maxUploads: () => number;
    },
  ) {
    this.#deps = deps;
    this.#uploads = new Limit(deps.maxUploads);
  }

  /** See {@link import("../types.ts").ImageService.push}. docker-compat: what is said when there is nothing to push. */
  async push(request: PushRequest): Promise<void> {
    const reference = parseReference(request.reference);
    request.onProgress({ status: `The push refers to repository [${canonicalName(reference)}]` });
    if (reference.digest !== undefined) throw new BerthError("invalid-parameter", "cannot push a digest reference");
    const rows = this.#deps.rows.referencesOfName(canonicalName(reference));
    if (rows.length === 0) {
      throw new BerthError("not-found", `An image does not exist locally with the tag: ${familiarName(reference)}`);
    }
    const tags = rows.filter(isTagRow).map(({ suffix }) => suffix.slice(1));
    const wanted = reference.tag === undefined ? tags : tags.filter((tag) => tag === reference.tag);
    if (wanted.length === 0) {
      throw new BerthError(
        "not-found",
        reference.tag === undefined
          ? `no tags to push for ${familiarName(reference)}`
          : `tag does not exist: ${familiarString(reference)}`,
      );
    }
    const { sources, images } = this.#imagesOf(reference, wanted);
    const sink = this.#deps.sinks.openSink(reference, request.auth, sources, (seconds) =>
      request.onProgress(rateLimited(seconds)),
    );
    for (const { tag, image } of images) await this.#pushOne(withTag(reference, tag), image, sink, request);
  }

  #imagesOf(
    reference: Reference,
    tags: readonly string[],
  ): {
    readonly sources: readonly string[];
    readonly images: readonly { readonly tag: string; readonly image: StoredImage }[];
  } {
    const { catalog, rows } = this.#deps;
    const images = tags.map((tag) => ({ tag, image: catalog.resolve(familiarString(withTag(reference, tag))) }));
    const blobs = new Set(images.flatMap(({ image }) => rows.blobsOf(image.id)));
    return { sources: [...new Set([...blobs].flatMap((digest) => mountSources(rows, digest, reference)))], images };
  }

  async #pushOne(reference: Reference, image: StoredImage, sink: ImageSink, request: PushRequest): Promise<void> {
    const { signal, onProgress, compression = "gzip" } = request;
    const published = await this.publishable(image, compression, signal);
    request.onPushed(
      await pushImage(
        { ...this.#deps, uploads: this.#uploads },
        { image, published, reference, sink, signal, onProgress },
      ),
    );
  }

  /** The manifest under which an image is handed on, made once for all who want it at a time. */
  publishable(image: StoredImage, compression: PushCompression, signal: AbortSignal): Promise<Publishable> {
    return this.#preparing.run(image.id, () => publishable(this.#deps, image, { compression, signal }));
  }
}
