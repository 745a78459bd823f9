import { isDigest } from "#base/digest.ts";
import { BerthError, invalid } from "#base/errors.ts";
import { isStrings } from "#base/is-strings.ts";
import type { Descriptor, DescriptorPlatform, ImageConfig, ImageIndex, Manifest } from "./image.ts";
import { MEDIA_TYPE, isImageConfigType, isIndexType, isManifestType, isSchema1Type } from "./media-types.ts";

/** A manifest document of any supported kind, told apart by what it says and what the registry said about it. */
export type ManifestDocument =
  | { readonly kind: "manifest"; readonly manifest: Manifest }
  | { readonly kind: "index"; readonly index: ImageIndex };

/** More layers than any overlay mount can hold; refused before anything is fetched. */
const MAX_LAYERS = 2048;
const MAX_INDEX_ENTRIES = 10_000;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Parse manifest bytes. `claimedType` is the registry's Content-Type (or the descriptor's mediaType), used when the
 * document does not say itself. Errors: `invalid-parameter` for what is invalid, `not-implemented` for schema 1.
 */
export function parseManifestDocument(bytes: Uint8Array, claimedType: string): ManifestDocument {
  const fields = parseObject(bytes, "manifest");
  const mediaType = documentType(fields, claimedType);
  if (isSchema1Type(mediaType) || fields["schemaVersion"] === 1) {
    throw new BerthError(
      "not-implemented",
      "Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed. " +
        "Suggest the author of the image to upgrade it to the OCI Format or Docker Image manifest v2, schema 2.",
    );
  }
  if (fields["schemaVersion"] !== 2) throw invalid("manifest: unsupported schemaVersion");
  if (isIndexType(mediaType)) return { kind: "index", index: toIndex(fields, mediaType) };
  if (isManifestType(mediaType)) return { kind: "manifest", manifest: toManifest(fields, mediaType) };
  throw new BerthError("not-implemented", `unsupported manifest media type ${mediaType}`);
}

/**
 * Parse an image config. Unknown fields are dropped from the value; the raw bytes stay the truth. Nulls, which Go
 * programs write for empty lists, count as absent.
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const fields = withoutNulls(parseObject(bytes, "image config")) as Fields;
  const rootfs = fields["rootfs"];
  if (!isObject(rootfs)) throw invalid("invalid image config: no rootfs");
  const diffIds = rootfs["diff_ids"] ?? [];
  if (!isStrings(diffIds) || !diffIds.every(isDigest)) throw invalid("invalid image config: bad rootfs.diff_ids");
  if (diffIds.length > MAX_LAYERS) throw invalid(`invalid image config: more than ${MAX_LAYERS} layers`);
  if (rootfs["type"] !== undefined && rootfs["type"] !== "layers") {
    throw invalid(`invalid image config: unknown rootfs type ${JSON.stringify(rootfs["type"])}`);
  }
  checkTypes(fields, "image config", CONFIG_SHAPE);
  const config = fields["config"];
  if (config !== undefined) checkTypes(config as Fields, "image config: config", DEFAULTS_SHAPE);
  const history = fields["history"];
  if (history !== undefined && !(Array.isArray(history) && history.every(isObject))) {
    throw invalid("invalid image config: bad history");
  }
  return {
    ...fields,
    architecture: typeof fields["architecture"] === "string" ? fields["architecture"] : "",
    os: typeof fields["os"] === "string" ? fields["os"] : "",
    rootfs: { type: "layers", diff_ids: diffIds },
  };
}

/** True when a manifest's config is an image's and not an artifact's. Old registries serve it as octet-stream. */
export function isImageManifest(manifest: Manifest): boolean {
  const type = manifest.config.mediaType;
  return isImageConfigType(type) || type === "application/octet-stream" || type === "";
}

type Shape = Readonly<Record<string, "string" | "object" | "strings" | "number" | "boolean" | "string-map">>;

const CONFIG_SHAPE: Shape = {
  architecture: "string",
  os: "string",
  variant: "string",
  "os.version": "string",
  "os.features": "strings",
  created: "string",
  author: "string",
  config: "object",
  docker_version: "string",
  comment: "string",
  container: "string",
  parent: "string",
};

const DEFAULTS_SHAPE: Shape = {
  User: "string",
  ExposedPorts: "object",
  Env: "strings",
  Entrypoint: "strings",
  Cmd: "strings",
  Volumes: "object",
  WorkingDir: "string",
  Labels: "string-map",
  StopSignal: "string",
  ArgsEscaped: "boolean",
  Hostname: "string",
  Domainname: "string",
  Healthcheck: "object",
  OnBuild: "strings",
  Shell: "strings",
  StopTimeout: "number",
};

function checkTypes(fields: Fields, what: string, shape: Shape): void {
  for (const [name, wanted] of Object.entries(shape)) {
    const value = fields[name];
    if (value === undefined) continue;
    const ok =
      wanted === "strings"
        ? isStrings(value)
        : wanted === "object"
          ? isObject(value)
          : wanted === "string-map"
            ? isObject(value) && isStrings(Object.values(value))
            : typeof value === wanted;
    if (!ok) throw invalid(`invalid ${what}: bad ${name}`);
  }
}

function toManifest(fields: Fields, mediaType: string): Manifest {
  const layers = fields["layers"] ?? [];
  if (!Array.isArray(layers)) throw invalid("manifest: layers is no list");
  if (layers.length > MAX_LAYERS) throw invalid(`manifest: more than ${MAX_LAYERS} layers`);
  return {
    ...optionalParts(fields),
    schemaVersion: 2,
    mediaType,
    config: toDescriptor(fields["config"], "config"),
    layers: layers.map((layer, index) => toDescriptor(layer, `layers[${index}]`)),
  };
}

function toIndex(fields: Fields, mediaType: string): ImageIndex {
  const manifests = fields["manifests"] ?? [];
  if (!Array.isArray(manifests)) throw invalid("index: manifests is no list");
  if (manifests.length > MAX_INDEX_ENTRIES) throw invalid(`index: more than ${MAX_INDEX_ENTRIES} entries`);
  return {
    ...optionalParts(fields),
    schemaVersion: 2,
    mediaType,
    manifests: manifests.map((entry, index) => toDescriptor(entry, `manifests[${index}]`)),
  };
}

function optionalParts(fields: Fields): {
  artifactType?: string;
  subject?: Descriptor;
  annotations?: Readonly<Record<string, string>>;
} {
  return {
    ...(typeof fields["artifactType"] === "string" ? { artifactType: fields["artifactType"] } : {}),
    ...(isObject(fields["subject"]) ? { subject: toDescriptor(fields["subject"], "subject") } : {}),
    ...(isStringMap(fields["annotations"]) ? { annotations: fields["annotations"] } : {}),
  };
}

function toDescriptor(value: unknown, what: string): Descriptor {
  if (!isObject(value)) throw invalid(`manifest: ${what} is no descriptor`);
  const { mediaType, digest, size, urls, annotations, data, platform, artifactType } = value;
  if (typeof digest !== "string" || !isDigest(digest)) throw invalid(`manifest: ${what} has an invalid digest`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(`manifest: ${what} has an invalid size`);
  }
  return {
    mediaType: typeof mediaType === "string" ? mediaType : "",
    digest,
    size,
    ...(isStrings(urls) ? { urls } : {}),
    ...(isStringMap(annotations) ? { annotations } : {}),
    ...(typeof data === "string" ? { data } : {}),
    ...(isObject(platform) ? { platform: toPlatform(platform, what) } : {}),
    ...(typeof artifactType === "string" ? { artifactType } : {}),
  };
}

function toPlatform(value: Fields, what: string): DescriptorPlatform {
  const { architecture, os, variant } = value;
  if (typeof architecture !== "string" || typeof os !== "string") {
    throw invalid(`manifest: ${what} has an invalid platform`);
  }
  return {
    architecture,
    os,
    ...(typeof variant === "string" && variant !== "" ? { variant } : {}),
    ...(typeof value["os.version"] === "string" ? { "os.version": value["os.version"] } : {}),
    ...(isStrings(value["os.features"]) ? { "os.features": value["os.features"] } : {}),
  };
}

/**
 * The document's own word wins over the registry's; a document with neither is told by its fields, because OCI makes
 * `mediaType` optional. One that has both `layers` and `manifests` is refused (CVE-2021-41190, type confusion).
 */
function documentType(fields: Fields, claimedType: string): string {
  const own = fields["mediaType"];
  const hasList = Array.isArray(fields["manifests"]);
  const hasLayers = Array.isArray(fields["layers"]) || fields["config"] !== undefined;
  if (hasList && hasLayers) throw invalid("manifest: both manifests and layers are given");
  const claimed = claimedType.split(";")[0]?.trim() ?? "";
  const known = isIndexType(claimed) || isManifestType(claimed) || isSchema1Type(claimed);
  if (typeof own === "string" && own !== "") {
    if (known && isIndexType(own) !== isIndexType(claimed)) {
      throw invalid(`manifest: mediaType is ${own} but the registry sent ${claimed}`);
    }
    return own;
  }
  if (known) return claimed;
  if (hasList) return MEDIA_TYPE.ociIndex;
  if (hasLayers) return MEDIA_TYPE.ociManifest;
  return claimed;
}

function parseObject(bytes: Uint8Array, what: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new BerthError("invalid-parameter", `invalid ${what}: not JSON`, { cause });
  }
  if (!isObject(value)) throw invalid(`invalid ${what}: no JSON object`);
  return value;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([name, inner]) => [name, withoutNulls(inner)]));
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStringMap(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((item) => typeof item === "string");
}
