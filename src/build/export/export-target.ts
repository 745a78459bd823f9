import { BerthError } from "#base/errors.ts";
import { canonicalName, parseReference, withDefaultTag, type Reference } from "#spec/oci/reference.ts";
import type { Platform } from "#spec/oci/platform.ts";
import { annotationOf } from "./annotations.ts";
import { needsOci } from "./print-image.ts";
import type { ImageForm } from "./types.ts";

/** One `--output` of a build. Attributes are BuildKit's, by its names; where files go is the client's alone. */
export interface OutputRequest {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Takes the output's bytes; undefined where the client wants none. Resolves when more may come. */
  readonly send: ((chunk: Uint8Array) => Promise<void>) | undefined;
}

/** What is done with a build's result. */
export type ExportTarget =
  | { readonly kind: "none" }
  /** `local` is laid out by the client, `tar` is kept as it is: both are one archive. */
  | {
      readonly kind: "files";
      /** A folder for each platform; undefined: when there are several. */
      readonly splitPlatforms: boolean | undefined;
      /** In front of the names of attestations. */
      readonly attestationPrefix: string;
      readonly send: Send;
    }
  | {
      readonly kind: "archive";
      readonly format: "docker" | "oci";
      readonly form: ImageForm;
      readonly references: readonly Reference[];
      readonly send: Send;
    }
  | {
      readonly kind: "image";
      readonly form: ImageForm;
      readonly references: readonly Reference[];
      readonly store: boolean;
      readonly push: boolean;
      /** Push by digest alone: no tag is moved. */
      readonly byDigest: boolean;
    };

type Send = (chunk: Uint8Array) => Promise<void>;

export interface TargetDefaults {
  readonly references: readonly Reference[];
  /** Of every image; attributes of exporters. */
  readonly annotations: ReadonlyMap<string, string>;
  /** Unix seconds: SOURCE_DATE_EPOCH. */
  readonly epochSeconds: number | undefined;
  readonly host: Platform;
}

const IMAGE_ATTRIBUTES: readonly string[] = [
  ...["name", "compression", "compression-level", "force-compression", "oci-mediatypes", "rewrite-timestamp"],
  "unpack",
];

/** What an output asks for. `invalid-parameter` for values, `not-implemented` for types and attributes by their names. */
export function exportTarget(request: OutputRequest, defaults: TargetDefaults): ExportTarget {
  const given = new Attributes(request);
  const { type, send } = request;
  switch (type) {
    case "cacheonly":
    case "none":
      given.only([]);
      return { kind: "none" };
    case "local":
    case "tar": {
      given.only(["platform-split", "attestation-prefix", "mode"]);
      if (given.text("mode") !== "" && given.text("mode") !== "copy")
        throw new BerthError("not-implemented", `--output type=${type} with mode=${given.text("mode")}`);
      const attestationPrefix = given.text("attestation-prefix");
      if (attestationPrefix.includes("/"))
        throw new BerthError(
          "invalid-parameter",
          `--output attestation-prefix=${attestationPrefix} is no part of a name`,
        );
      const splitPlatforms = given.maybe("platform-split");
      return { kind: "files", splitPlatforms, attestationPrefix, send: needed(send, type) };
    }
    case "oci":
    case "docker":
    case "image":
    case "registry":
      break;
    default:
      throw new BerthError("not-implemented", `--output type=${type} is not known`, {
        hint: "Known are image, registry, docker, oci, local, tar and cacheonly.",
      });
  }
  if (type === "oci" || send !== undefined) {
    given.only([...IMAGE_ATTRIBUTES, "tar"]);
    const format = type === "docker" ? "docker" : "oci";
    const form = formOf(given, defaults, { compression: "gzip", format });
    return { kind: "archive", format, form, references: names(given, defaults), send: needed(send, type) };
  }
  given.only([...IMAGE_ATTRIBUTES, "push", "push-by-digest", "store", "registry.insecure"]);
  if (given.flag("registry.insecure", false))
    throw new BerthError("not-implemented", "--output registry.insecure: name the registry in insecure-registries");
  const push = given.flag("push", type === "registry");
  const byDigest = given.flag("push-by-digest", false);
  const references = names(given, defaults);
  if (push && references.length === 0)
    throw new BerthError("invalid-parameter", "tag is needed when pushing to registry");
  const form = formOf(given, defaults, { compression: push ? "gzip" : undefined, format: undefined });
  return { kind: "image", form, references, store: given.flag("store", true), push, byDigest };
}

function formOf(
  given: Attributes,
  { annotations: common, epochSeconds, host }: TargetDefaults,
  usual: Pick<ImageForm, "compression" | "format">,
): ImageForm {
  const named = given.entries.filter(([name]) => name.startsWith("annotation"));
  const annotations = [...common, ...named].map(([name, value]) => annotationOf(name, value, host));
  const compression = compressionOf(given.text("compression")) ?? usual.compression;
  const oci = given.maybe("oci-mediatypes");
  const asked = oci === undefined ? usual.format : oci ? "oci" : "docker";
  const rewrite = given.flag("rewrite-timestamp", false);
  if (rewrite && epochSeconds === undefined)
    throw new BerthError("invalid-parameter", "rewrite-timestamp needs SOURCE_DATE_EPOCH", {
      hint: "Set it with --build-arg SOURCE_DATE_EPOCH=SECONDS or in the environment.",
    });
  return {
    compression,
    level: given.number("compression-level"),
    force: given.flag("force-compression", false),
    format: needsOci({ compression, annotations }) ? "oci" : asked,
    latest: rewrite ? epochSeconds : undefined,
    annotations,
  };
}

function compressionOf(text: string): ImageForm["compression"] {
  switch (text) {
    case "":
      return undefined;
    case "uncompressed":
      return "none";
    case "gzip":
    case "zstd":
      return text;
    default:
      throw new BerthError("not-implemented", `--output compression=${text}: gzip, zstd and uncompressed are known`);
  }
}

/** docker-compat: several names in one attribute are separated by commas. */
function names(given: Attributes, { references }: TargetDefaults): readonly Reference[] {
  const own = given
    .text("name")
    .split(",")
    .filter((name) => name !== "");
  const all = [...references, ...own.map((name) => withDefaultTag(parseReference(name)))];
  const unique = new Map(all.map((reference) => [`${canonicalName(reference)}:${reference.tag ?? ""}`, reference]));
  return [...unique.values()];
}

function needed(send: Send | undefined, type: string): Send {
  if (send === undefined) throw new BerthError("invalid-parameter", `--output type=${type} needs a destination`);
  return send;
}

class Attributes {
  readonly #type: string;
  readonly #values: Readonly<Record<string, string>>;

  constructor({ type, attributes }: OutputRequest) {
    this.#type = type;
    this.#values = attributes;
  }

  get entries(): readonly (readonly [string, string])[] {
    return Object.entries(this.#values);
  }

  /** Refuses every attribute that is neither known nor an annotation. */
  only(known: readonly string[]): void {
    const unknown = Object.keys(this.#values).find((name) => !known.includes(name) && !name.startsWith("annotation"));
    if (unknown !== undefined)
      throw new BerthError("not-implemented", `--output type=${this.#type} does not know ${unknown}`);
  }

  maybe(name: string): boolean | undefined {
    return this.#values[name] === undefined ? undefined : this.flag(name, true);
  }

  text(name: string): string {
    return this.#values[name] ?? "";
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.#values[name];
    if (value === undefined) return otherwise;
    if (/^(|1|t|true)$/i.test(value)) return true;
    if (/^(0|f|false)$/i.test(value)) return false;
    throw new BerthError("invalid-parameter", `--output ${name}=${value} is neither true nor false`);
  }

  number(name: string): number | undefined {
    const value = this.#values[name];
    if (value === undefined) return undefined;
    if (!/^\d{1,2}$/.test(value)) throw new BerthError("invalid-parameter", `--output ${name}=${value} is no level`);
    return Number(value);
  }
}
