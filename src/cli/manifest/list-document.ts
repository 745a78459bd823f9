import type { Descriptor, DescriptorPlatform, ImageIndex } from "#spec/oci/image.ts";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import type { ListedManifest } from "./list-store.ts";

const INDENT = 3;

/** docker-compat: the bytes of a manifest list, so that the same list has the same digest. */
export function listDocument(manifests: readonly ListedManifest[]): string {
  return printed({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.dockerManifestList,
    manifests: manifests.map(({ Descriptor }) => Descriptor),
  });
}

/** An index that a registry has, as docker prints it. */
export function printedIndex(raw: string): string {
  return printed(JSON.parse(raw) as ImageIndex);
}

function printed(index: ImageIndex): string {
  return JSON.stringify({ ...index, manifests: index.manifests.map(inOrder) }, undefined, INDENT);
}

/** Fields in docker's order; what it does not know stands before the platform. */
function inOrder({ mediaType, size, digest, platform, ...more }: Descriptor): Descriptor {
  return {
    mediaType,
    size,
    digest,
    ...more,
    ...(platform === undefined ? {} : { platform: platformInOrder(platform) }),
  };
}

export function platformInOrder({ architecture, os, variant, ...rest }: DescriptorPlatform): DescriptorPlatform {
  const { "os.version": version, "os.features": features } = rest;
  return {
    architecture,
    os,
    ...(version === undefined ? {} : { "os.version": version }),
    ...(features === undefined ? {} : { "os.features": features }),
    ...(variant === undefined ? {} : { variant }),
  };
}
