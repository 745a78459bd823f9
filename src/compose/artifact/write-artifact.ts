import { sha256Digest } from "#base/sha256.ts";
import type { RegistryArtifactPush } from "#spec/berth/registry-artifacts.ts";
import type { RegistryManifest } from "#spec/berth/registry-manifests.ts";
import { composeVersion } from "../engine/labels.ts";
import { artifactAnnotations, artifactTypes } from "./media-types.ts";

/** Of the image specification: 1.1 has artifact types. */
export type OciVersion = "1.0" | "1.1";

/** A file of a project as it is published. */
export interface ProjectFile {
  readonly kind: "project" | "extended" | "environment";
  readonly name: string;
  readonly content: string;
  /** Its path here. */
  readonly from?: string;
}

type Push = Pick<RegistryArtifactPush, "MediaType" | "Raw" | "Blobs"> & { readonly Digest: string };

const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const emptyType = "application/vnd.oci.empty.v1+json";

const bytesOf = (text: string): Buffer => Buffer.from(text, "utf8");

function document(mediaType: string, value: object, blobs: readonly Uint8Array[]): Push {
  const bytes = bytesOf(JSON.stringify(value));
  return {
    MediaType: mediaType,
    Digest: sha256Digest(bytes),
    Raw: bytes.toString("base64"),
    Blobs: blobs.map((blob) => ({ Digest: sha256Digest(blob), Raw: Buffer.from(blob).toString("base64") })),
  };
}

/** The manifest of a project with its files as layers. `created`: RFC 3339. */
export function projectManifest(files: readonly ProjectFile[], version: OciVersion, created: string): Push {
  const empty = bytesOf("{}");
  const layers = files.map(({ kind, name, content }) => {
    const bytes = bytesOf(content);
    return {
      mediaType: kind === "environment" ? artifactTypes.environmentFile : artifactTypes.composeFile,
      digest: sha256Digest(bytes),
      size: bytes.length,
      annotations: {
        [kind === "environment" ? artifactAnnotations.environmentFile : artifactAnnotations.composeFile]: name,
        ...(kind === "extended" ? { [artifactAnnotations.extended]: "true" } : {}),
        [artifactAnnotations.version]: composeVersion,
      },
    };
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    ...(version === "1.1" ? { artifactType: artifactTypes.project } : {}),
    config: {
      mediaType: version === "1.1" ? emptyType : artifactTypes.emptyConfig,
      digest: sha256Digest(empty),
      size: empty.length,
    },
    layers,
    annotations: { "org.opencontainers.image.created": created },
  };
  return document(manifestType, manifest, [empty, ...files.map(({ content }) => bytesOf(content))]);
}

/** The index that names a project's images, and the project as what it is about. */
export function imageIndex(images: readonly RegistryManifest[], project: Pick<Push, "Digest" | "Raw">): Push {
  const sizeOf = ({ Raw }: { readonly Raw: string }): number => Buffer.from(Raw, "base64").length;
  const seen = new Set<string>();
  const manifests = images.flatMap((image) => {
    if (seen.has(image.Digest)) return [];
    seen.add(image.Digest);
    const platform = image.Platform === undefined ? {} : { platform: image.Platform };
    return [{ mediaType: image.MediaType, digest: image.Digest, size: sizeOf(image), ...platform }];
  });
  const index = {
    schemaVersion: 2,
    mediaType: indexType,
    artifactType: artifactTypes.project,
    manifests,
    subject: { mediaType: manifestType, digest: project.Digest, size: sizeOf(project) },
    annotations: { [artifactAnnotations.version]: composeVersion },
  };
  return document(indexType, index, []);
}
