import type { ImageConfig } from "#spec/oci/image.ts";
import type { Platform } from "#spec/oci/platform.ts";

/** How a Dockerfile is to be made a graph. */
export interface ConvertOptions {
  /** A stage's name or number; empty is the last one. */
  readonly target: string;
  /** Undefined: the variable of the client has no value, so the ARG keeps its default. */
  readonly buildArgs: ReadonlyMap<string, string | undefined>;
  /** Added to the image's labels. */
  readonly labels: ReadonlyMap<string, string>;
  /** Empty when none was asked for: the build's own, and the image says what its base says. */
  readonly platforms: readonly Platform[];
  readonly buildPlatform: Platform;
  /** True for all stages, or names of stages. */
  readonly noCache: boolean | readonly string[];
  /** Of RUN without `--network`: `default`, `none`, `host`, a network's name or `container:NAME`. */
  readonly network: string;
  readonly context: MainContext;
  /** `--build-context`; they go before stages and images of that name. Keys are lower case. */
  readonly contexts: ReadonlyMap<string, NamedContext>;
  /** Texts of history: `classic` is what `docker build` without BuildKit writes. */
  readonly dialect: "buildkit" | "classic";
}

/** What COPY without `--from` reads. */
export type MainContext =
  | { readonly type: "local"; readonly ignoreLines: readonly string[] }
  /** `docker build https://….git#ref:folder`; its .dockerignore is applied by the caller, who fetched it. */
  | { readonly type: "git"; readonly url: string; readonly ignoreLines: readonly string[] }
  /** No context: the Dockerfile alone came on stdin. */
  | { readonly type: "none" };

export type NamedContext =
  | { readonly type: "local"; readonly ignoreLines: readonly string[] }
  | { readonly type: "image"; readonly reference: string }
  | { readonly type: "oci-layout"; readonly reference: string }
  | { readonly type: "git"; readonly url: string }
  | { readonly type: "http"; readonly url: string };

export interface ResolvedImage {
  /** Of the manifest, or of the image's config for an image known to the engine alone. */
  readonly digest: string;
  readonly config: ImageConfig;
}

/** Looks up an image's config, pulling it when it must. `context` is set for an image of a named OCI layout. */
export type ResolveImage = (
  reference: string,
  platform: Platform,
  context: string | undefined,
) => Promise<ResolvedImage>;
