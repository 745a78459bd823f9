import { createHash } from "node:crypto";
import { type DigestAlgorithm, isDigest } from "#base/digest.ts";
import { isIndexType, isManifestType, isSchema1Type, MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { manifestInvalid } from "../failure.ts";

/** What the registry needs to know of a manifest; the rest of its bytes is the clients' business. */
export interface ReadManifest {
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  readonly subject: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  /** What must be there: config and layers of an image, the manifests of an index. One may be named twice. */
  readonly parts: readonly ManifestPart[];
}

export interface ManifestPart {
  readonly digest: string;
  readonly sizeBytes: number;
}

type Fields = Readonly<Record<string, unknown>>;

const MAX_PARTS = 20_000;

/**
 * Read OCI and Docker schema 2 manifests and indexes. `contentType`: the request's; it must be what the document says.
 * Unknown fields are fine (image-spec "Considerations"). `MANIFEST_INVALID` with the reason.
 */
export function readManifest(bytes: Uint8Array, contentType: string | undefined): ReadManifest {
  const fields = parse(bytes);
  const claimed = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  const own = fields["mediaType"];
  if (own !== undefined && typeof own !== "string") throw manifestInvalid("mediaType is no text");
  if (own !== undefined && claimed !== undefined && claimed !== own)
    throw manifestInvalid(`the manifest is of type ${own}, the request says ${claimed}`);
  const mediaType = own ?? (claimed !== undefined && claimed !== "application/json" ? claimed : guess(fields));
  if (isSchema1Type(mediaType) || fields["schemaVersion"] === 1)
    throw manifestInvalid("manifests of schema 1 are not taken: push the image with a newer client");
  if (fields["schemaVersion"] !== 2) throw manifestInvalid("schemaVersion is not 2");
  const common = {
    mediaType,
    subject: fields["subject"] === undefined ? undefined : descriptor(fields["subject"], "subject").digest,
    annotations: annotationsOf(fields["annotations"]),
  };
  const artifactType = textOf(fields["artifactType"], "artifactType");
  if (isIndexType(mediaType)) {
    if (fields["layers"] !== undefined || fields["config"] !== undefined)
      throw manifestInvalid("an index has no layers and no config");
    const manifests = descriptors(fields["manifests"], "manifests");
    return { ...common, artifactType, parts: manifests };
  }
  if (!isManifestType(mediaType)) throw manifestInvalid(`manifests of type ${mediaType} are not taken`);
  if (fields["manifests"] !== undefined) throw manifestInvalid("an image manifest has no manifests");
  const config = descriptor(fields["config"], "config");
  const layers = descriptors(fields["layers"], "layers").filter((layer) => !isElsewhere(layer));
  return { ...common, artifactType: artifactType ?? config.mediaType, parts: [config, ...layers] };
}

export function digestOfBytes(algorithm: DigestAlgorithm, bytes: Uint8Array): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

function parse(bytes: Uint8Array): Fields {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw manifestInvalid("the manifest is no JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw manifestInvalid("the manifest is no JSON object");
  return value as Fields;
}

function guess(fields: Fields): string {
  return fields["manifests"] === undefined ? MEDIA_TYPE.ociManifest : MEDIA_TYPE.ociIndex;
}

interface Part extends ManifestPart {
  readonly mediaType: string;
  readonly hasUrls: boolean;
}

/** Layers that their licence keeps where they are (image-spec "Non-distributable layers") need not be here. */
function isElsewhere({ mediaType, hasUrls }: Part): boolean {
  return mediaType.includes("nondistributable") || (hasUrls && mediaType.includes(".foreign."));
}

function descriptors(value: unknown, what: string): readonly Part[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw manifestInvalid(`${what} is no list`);
  if (value.length > MAX_PARTS) throw manifestInvalid(`${what} has more than ${MAX_PARTS} entries`);
  return value.map((item: unknown, index) => descriptor(item, `${what}[${index}]`));
}

function descriptor(value: unknown, what: string): Part {
  if (typeof value !== "object" || value === null) throw manifestInvalid(`${what} is no descriptor`);
  const { digest, mediaType, size, urls } = value as Fields;
  if (typeof digest !== "string" || !isDigest(digest)) throw manifestInvalid(`${what} has no valid digest`);
  if (typeof mediaType !== "string") throw manifestInvalid(`${what} has no mediaType`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw manifestInvalid(`${what} has no valid size`);
  return { digest, sizeBytes: size, mediaType, hasUrls: Array.isArray(urls) && urls.length > 0 };
}

function annotationsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  const isFine =
    typeof value === "object" &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string");
  if (!isFine) throw manifestInvalid("annotations are no texts by name");
  return value as Readonly<Record<string, string>>;
}

function textOf(value: unknown, what: string): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") throw manifestInvalid(`${what} is no text`);
  return value;
}
