import { BerthError } from "#base/errors.ts";
import { sha256Digest } from "#base/sha256.ts";
import type { Descriptor, DescriptorPlatform, ImageConfig } from "#spec/oci/image.ts";
import { ACCEPTED_MANIFESTS } from "#spec/oci/media-types.ts";
import { parseImageConfig, parseManifestDocument } from "#spec/oci/parse-image.ts";
import type { Reference } from "#spec/oci/reference.ts";
import { formatRegistryError } from "#spec/oci/registry-errors.ts";
import { readBytes } from "./read-body.ts";
import { errorOf, type RegistryAnswer, type RegistryConnection } from "./registry-connection.ts";

const MAX_MANIFEST_SIZE = 4 << 20;
const MAX_CONFIG_SIZE = 8 << 20;

/** What a registry has under a name. */
export interface RemoteImage {
  readonly descriptor: Descriptor;
  /** One for each image of an index; none for what is no image. */
  readonly platforms: readonly DescriptorPlatform[];
  readonly isIndex: boolean;
  /** The manifest or index as the registry gave it. */
  readonly bytes: Uint8Array;
}

/** Ask a registry what it has, without pulling. `not-found` and `unauthorized` in the registry's words. */
export async function describeImage(
  connection: RegistryConnection,
  reference: Reference,
  signal: AbortSignal,
): Promise<RemoteImage> {
  const base = `/v2/${reference.path}`;
  const headers = { accept: ACCEPTED_MANIFESTS.join(", ") };
  const name = reference.digest ?? reference.tag ?? "latest";
  const { answer, url } = await connection.get({ path: `${base}/manifests/${name}`, headers, signal });
  if (answer.status !== 200) throw await refusal({ answer, url });
  const bytes = await readBytes(answer, MAX_MANIFEST_SIZE);
  const parsed = parseManifestDocument(bytes, answer.header("content-type") ?? "");
  const mediaType = parsed.kind === "index" ? parsed.index.mediaType : parsed.manifest.mediaType;
  const digest = sha256Digest(bytes);
  const descriptor = { mediaType, digest, size: bytes.length };
  if (parsed.kind === "index") {
    const platforms = parsed.index.manifests.flatMap(({ platform }) => platform ?? []);
    return { descriptor, platforms, isIndex: true, bytes };
  }
  const config = await connection.get({ path: `${base}/blobs/${parsed.manifest.config.digest}`, signal });
  if (config.answer.status !== 200) throw await refusal(config);
  const platform = platformOf(parseImageConfig(await readBytes(config.answer, MAX_CONFIG_SIZE)));
  return { descriptor, platforms: [platform], isIndex: false, bytes };
}

function platformOf(config: ImageConfig): DescriptorPlatform {
  const { architecture, os, variant } = config;
  const version = config["os.version"];
  const features = config["os.features"];
  return {
    architecture,
    os,
    ...(version === undefined ? {} : { "os.version": version }),
    ...(features === undefined ? {} : { "os.features": features }),
    ...(variant === undefined ? {} : { variant }),
  };
}

async function refusal({ answer, url }: RegistryAnswer): Promise<BerthError> {
  const error = await errorOf(answer);
  const text =
    error === undefined ? `received unexpected HTTP status: ${answer.status} from ${url}` : formatRegistryError(error);
  const kinds = { 401: "unauthorized", 403: "forbidden", 404: "not-found" } as const;
  return new BerthError(kinds[answer.status as keyof typeof kinds] ?? "internal", text);
}
