import { Limit, SingleFlight } from "#base/async.ts";
import { BerthError } from "#base/errors.ts";
import type { Platform } from "#spec/oci/platform.ts";
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
import { noticesTo } from "../registry-notices.ts";
import type { ImageSink, ImageSinks } from "../sink.ts";
import type { Pushed, PushRequest, StoredImage } from "../types.ts";
import type { Publishable } from "../manifest-of.ts";
import type { PushCompression } from "./compress.ts";
import { publishable } from "./publishable.ts";
import { mountSources, pushImage } from "./push-image.ts";
import { pushIndex } from "./push-index.ts";

interface OneImage {
  readonly image: StoredImage;
  readonly reference: Reference;
  readonly sink: ImageSink;
}

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
    const names = wanted.map((tag) => withTag(reference, tag));
    const sources = this.#sourcesOf(names, request.platform);
    const sink = this.#deps.sinks.openSink(reference, request.auth, sources, noticesTo(request.onProgress));
    for (const name of names) {
      // As it is by now: with the name before it may have got another manifest.
      const { image, isIndex } = this.#imageOf(name, request.platform);
      const one = { image, reference: name, sink };
      request.onPushed(await (isIndex ? this.#pushIndex(one, request) : this.#pushOne(one, request)));
    }
  }

  #imageOf(
    reference: Reference,
    platform: Platform | undefined,
  ): { readonly image: StoredImage; readonly isIndex: boolean } {
    const name = familiarString(reference);
    const isIndex = platform === undefined && this.#deps.catalog.target(name).indexDigest !== undefined;
    return { image: this.#deps.catalog.resolve(name, platform), isIndex };
  }

  /** Repositories of the same registry that may have blobs of the images. */
  #sourcesOf(names: readonly Reference[], platform: Platform | undefined): readonly string[] {
    const { rows } = this.#deps;
    const sources = names.flatMap((reference) => {
      const { image, isIndex } = this.#imageOf(reference, platform);
      const blobs = [image, ...(isIndex ? image.variants : [])].flatMap(({ id }) => rows.blobsOf(id));
      return blobs.flatMap((digest) => mountSources(rows, digest, reference));
    });
    return [...new Set(sources)];
  }

  async #pushOne(one: OneImage, request: PushRequest): Promise<Pushed> {
    const { signal, onProgress, compression = "gzip" } = request;
    const published = await this.publishable(one.image, compression, signal);
    return pushImage({ ...this.#deps, uploads: this.#uploads }, { ...one, published, signal, onProgress });
  }

  #pushIndex(one: OneImage, request: PushRequest): Promise<Pushed> {
    const { signal, onProgress, onPushedInstead, compression = "gzip" } = request;
    const publishable = (image: StoredImage): Promise<Publishable> => this.publishable(image, compression, signal);
    const deps = { ...this.#deps, uploads: this.#uploads };
    const find = (id: string): StoredImage => this.#deps.catalog.resolve(id);
    return pushIndex(deps, { ...one, publishable, find, signal, onProgress, onPushedInstead });
  }

  /** The manifest under which an image is handed on, made once for all who want it at a time. */
  publishable(image: StoredImage, compression: PushCompression, signal: AbortSignal): Promise<Publishable> {
    return this.#preparing.run(image.id, () => publishable(this.#deps, image, { compression, signal }));
  }
}
