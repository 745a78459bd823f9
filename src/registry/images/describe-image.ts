import { isIndexType } from "#spec/oci/media-types.ts";
import type { RegistryContext } from "../context.ts";
import type { ManifestRow } from "../database/manifest-rows.ts";

/** What people want to know of an image, for each platform it is for. */
export interface DescribedImage {
  readonly digest: string;
  readonly mediaType: string;
  readonly pushedAtMs: number;
  readonly pushedBy: string;
  readonly platforms: readonly DescribedPlatform[];
}

export interface DescribedPlatform {
  /** The manifest of this platform. */
  readonly digest: string;
  /** Empty for what runs nowhere: an artifact, an attestation. */
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
  /** Of configuration and layers as they are stored. */
  readonly sizeBytes: number;
  readonly artifactType: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly layers: readonly DescribedLayer[];
  readonly createdAt: string;
  readonly command: string;
}

export interface DescribedLayer {
  readonly digest: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** The step of the build that made it, when the image tells. */
  readonly createdBy: string;
}

const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
const MAX_PLATFORMS = 100;

type Fields = Readonly<Record<string, unknown>>;

/** Read what a manifest and its configuration tell; what they do not tell is empty. Nested indexes are followed once. */
export async function describeImage(
  context: RegistryContext,
  repositoryId: number,
  manifest: ManifestRow,
): Promise<DescribedImage> {
  const { digest, mediaType, pushedAtMs, pushedBy } = manifest;
  const common = { digest, mediaType, pushedAtMs, pushedBy };
  const fields = manifestFields(context, digest);
  if (!isIndexType(mediaType)) return { ...common, platforms: [await describePlatform(context, digest, fields)] };
  const platforms = [];
  for (const entry of listOf(fields["manifests"]).slice(0, MAX_PLATFORMS)) {
    const child = textOf(entry["digest"]);
    if (context.manifests.find(repositoryId, child) === undefined) continue;
    const described = await describePlatform(context, child, manifestFields(context, child));
    const told = fieldsOf(entry["platform"]);
    platforms.push({
      ...described,
      os: textOf(told["os"]) || described.os,
      architecture: textOf(told["architecture"]) || described.architecture,
      variant: textOf(told["variant"]) || described.variant,
    });
  }
  return { ...common, platforms };
}

async function describePlatform(
  context: RegistryContext,
  digest: string,
  manifest: Fields,
): Promise<DescribedPlatform> {
  const configDescriptor = fieldsOf(manifest["config"]);
  const config = await configFields(context, textOf(configDescriptor["digest"]));
  const layers = listOf(manifest["layers"]);
  const steps = listOf(config["history"]).filter((step) => step["empty_layer"] !== true);
  const container = fieldsOf(config["config"]);
  const words = [container["Entrypoint"], container["Cmd"]].flatMap((list) =>
    Array.isArray(list) ? (list as readonly unknown[]) : [],
  );
  return {
    digest,
    os: textOf(config["os"]),
    architecture: textOf(config["architecture"]),
    variant: textOf(config["variant"]),
    sizeBytes: [configDescriptor, ...layers].reduce((sum, { size }) => sum + (typeof size === "number" ? size : 0), 0),
    artifactType: textOf(manifest["artifactType"]) || textOf(configDescriptor["mediaType"]),
    annotations: fieldsOf(manifest["annotations"]) as Readonly<Record<string, string>>,
    layers: layers.map((layer, at) => ({
      digest: textOf(layer["digest"]),
      mediaType: textOf(layer["mediaType"]),
      sizeBytes: typeof layer["size"] === "number" ? layer["size"] : 0,
      createdBy: textOf(steps[at]?.["created_by"]),
    })),
    createdAt: textOf(config["created"]),
    command: words.map(String).join(" "),
  };
}

function manifestFields(context: RegistryContext, digest: string): Fields {
  const bytes = context.manifests.bytes(digest);
  return bytes === undefined ? {} : parsed(bytes);
}

async function configFields(context: RegistryContext, digest: string): Promise<Fields> {
  const blob = digest === "" ? undefined : context.blobs.find(digest);
  if (blob === undefined || blob.sizeBytes > MAX_CONFIG_BYTES) return {};
  const chunks: Uint8Array[] = [];
  for await (const chunk of context.storage.read(digest, 0)) chunks.push(chunk.slice());
  return parsed(Buffer.concat(chunks));
}

function parsed(bytes: Uint8Array): Fields {
  try {
    return fieldsOf(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return {};
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
