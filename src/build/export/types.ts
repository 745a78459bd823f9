import type { Descriptor, ImageHistory } from "#spec/oci/image.ts";
import type { ImageFormat } from "#spec/oci/media-types.ts";
import type { Platform } from "#spec/oci/platform.ts";
import type { Publishable } from "#image/manifest-of.ts";
import type { SourceManifest } from "#image/source.ts";
import type { BuildResult } from "../graph/types.ts";

/** A layer of the image to be: the base image's, or one that a step made. */
export type DraftLayer =
  | { readonly kind: "base"; readonly diffId: string; readonly blob: Descriptor }
  /** `diffId` and `blob`: of its plain archive. */
  | { readonly kind: "built"; readonly number: number; readonly diffId: string; readonly blob: Descriptor };

/** One platform's image before anybody has said how it is to be printed. */
export interface ImageDraft {
  readonly platform: Platform;
  readonly config: BuildResult["config"];
  /** Bottom first. */
  readonly layers: readonly DraftLayer[];
  readonly history: readonly ImageHistory[];
  /** Entries of the history that are this build's own: the last ones. */
  readonly stepCount: number;
  /** RFC 3339. */
  readonly created: string;
  /** The base image's language. */
  readonly format: ImageFormat;
  /** The base image's config type where it is one that is known. */
  readonly configType: string | undefined;
  /** The image it is to be known to be made of. */
  readonly parentId: string | undefined;
  /** Cache records that the image follows from. */
  readonly recordIds: ReadonlySet<string>;
}

/** How an image is printed: what the attributes of `--output` choose. */
export interface ImageForm {
  /** Undefined: layers as they are kept. */
  readonly compression: "none" | "gzip" | "zstd" | undefined;
  /** Of the compression's own scale; undefined: the usual one. */
  readonly level: number | undefined;
  /** Compress layers anew that have another compression. */
  readonly force: boolean;
  /** Undefined: the base image's. */
  readonly format: ImageFormat | undefined;
  /** Nothing in layers made here is younger; Unix seconds. */
  readonly latest: number | undefined;
  readonly annotations: readonly Annotation[];
}

/** OCI image-spec `annotations.md`; by BuildKit's names of the places that may have some. */
export interface Annotation {
  readonly at: "manifest" | "manifest-descriptor" | "index" | "index-descriptor";
  /** Undefined: every platform's. */
  readonly platform: Platform | undefined;
  readonly key: string;
  readonly value: string;
}

/** A printed image of one platform; its blobs are in the store, held by somebody's lease. */
export interface PrintedImage {
  readonly platform: Platform;
  readonly config: Uint8Array;
  readonly published: Publishable;
  readonly diffIds: readonly string[];
  /** RFC 3339. */
  readonly created: string;
  readonly parentId: string | undefined;
}

/** What goes out as one: a manifest, or an index of several. All of it is in the store. */
export interface Bundle {
  readonly root: SourceManifest;
  /** How others name the root. */
  readonly descriptor: Descriptor;
  readonly images: readonly PrintedImage[];
  /** Every manifest below the root, in its order; the root itself when it is one. */
  readonly manifests: readonly Publishable[];
}
