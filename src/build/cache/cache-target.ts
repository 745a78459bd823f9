import { BerthError } from "#base/errors.ts";
import { parseReference, withDefaultTag, type Reference } from "#spec/oci/reference.ts";
import type { CacheForm } from "./export-cache.ts";

/** `--cache-to` and `--cache-from`: BuildKit's types and attributes; `store` is what the classic builder looks at. */
export interface CacheRequest {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Takes the bytes of a cache that goes to the client. */
  readonly send?: ((chunk: Uint8Array) => Promise<void>) | undefined;
}

/** Where a cache is to be put. */
export type CacheTarget =
  /** In the config of the images that the build makes. */
  | { readonly kind: "inline" }
  | {
      readonly kind: "registry";
      readonly reference: Reference;
      readonly form: CacheForm;
      readonly all: boolean;
      /** What is in the commands' cache mounts too. */
      readonly mounts: boolean;
      readonly mayFail: boolean;
    }
  /** An OCI layout as a tar. */
  | {
      readonly kind: "layout";
      readonly tag: string;
      readonly form: CacheForm;
      readonly all: boolean;
      readonly mounts: boolean;
      readonly mayFail: boolean;
      readonly send: (chunk: Uint8Array) => Promise<void>;
    };

/** Where a cache is to be looked for. */
export type CacheOrigin =
  | { readonly kind: "registry"; readonly reference: Reference }
  /** An image that is here. */
  | { readonly kind: "store"; readonly reference: Reference }
  /** An OCI layout in a folder of this machine. */
  | {
      readonly kind: "folder";
      readonly path: string;
      readonly target: { readonly tag: string } | { readonly digest: string };
    };

const FORM_ATTRIBUTES = [
  "mode",
  "compression",
  "compression-level",
  "oci-mediatypes",
  "image-manifest",
  "cache-mounts",
  "ignore-error",
];

/** `invalid-parameter` for values, `not-implemented` for types and attributes by their names. */
export function cacheTarget(request: CacheRequest): CacheTarget {
  const { type, attributes, send } = request;
  switch (type) {
    case "inline":
      only(request, "--cache-to", []);
      return { kind: "inline" };
    case "registry":
      only(request, "--cache-to", [...FORM_ATTRIBUTES, "ref"]);
      return { kind: "registry", reference: referenceOf(attributes["ref"]), ...common(attributes) };
    case "local":
      only(request, "--cache-to", [...FORM_ATTRIBUTES, "tag"]);
      if (send === undefined) throw new BerthError("invalid-parameter", "--cache-to type=local needs dest");
      return { kind: "layout", tag: attributes["tag"] ?? "latest", send, ...common(attributes) };
    default:
      throw new BerthError("not-implemented", `--cache-to type=${type}: registry, inline and local are known`);
  }
}

/** See {@link cacheTarget}. */
export function cacheOrigin(request: CacheRequest): CacheOrigin {
  const { type, attributes } = request;
  switch (type) {
    case "registry":
    case "store":
      only(request, "--cache-from", ["ref"]);
      return { kind: type, reference: referenceOf(attributes["ref"]) };
    case "local": {
      only(request, "--cache-from", ["src", "tag", "digest"]);
      const { src = "", tag = "latest", digest } = attributes;
      if (src === "") throw new BerthError("invalid-parameter", "--cache-from type=local needs src");
      return { kind: "folder", path: src, target: digest === undefined ? { tag } : { digest } };
    }
    default:
      throw new BerthError("not-implemented", `--cache-from type=${type}: registry and local are known`);
  }
}

function common(attributes: CacheRequest["attributes"]): {
  readonly form: CacheForm;
  readonly all: boolean;
  readonly mounts: boolean;
  readonly mayFail: boolean;
} {
  const { mode = "min", compression = "gzip", "compression-level": level } = attributes;
  if (mode !== "min" && mode !== "max")
    throw new BerthError("invalid-parameter", `--cache-to mode=${mode}: min or max`);
  if (!["gzip", "zstd", "uncompressed"].includes(compression))
    throw new BerthError(
      "not-implemented",
      `--cache-to compression=${compression}: gzip, zstd, uncompressed are known`,
    );
  if (level !== undefined && !/^\d{1,2}$/.test(level))
    throw new BerthError("invalid-parameter", `--cache-to compression-level=${level} is no level`);
  for (const name of ["oci-mediatypes", "image-manifest"])
    if (/^(0|f|false)$/i.test(attributes[name] ?? ""))
      throw new BerthError("not-implemented", `--cache-to ${name}=false: a cache here is an OCI image manifest`);
  return {
    form: {
      compression: compression === "gzip" || compression === "zstd" ? compression : "none",
      level: level === undefined ? undefined : Number(level),
    },
    all: mode === "max",
    mounts: isTrue(attributes["cache-mounts"]),
    mayFail: isTrue(attributes["ignore-error"]),
  };
}

const isTrue = (text = ""): boolean => /^(1|t|true)$/i.test(text);

function referenceOf(text: string | undefined): Reference {
  if (text === undefined || text === "") throw new BerthError("invalid-parameter", "a registry's cache needs ref");
  return withDefaultTag(parseReference(text));
}

function only({ type, attributes }: CacheRequest, flag: string, known: readonly string[]): void {
  const unknown = Object.keys(attributes).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new BerthError("not-implemented", `${flag} type=${type} does not know ${unknown}`);
}
