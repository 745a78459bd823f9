/**
 * Media types of image parts. Sources: OCI image-spec `media-types.md`; Docker "Image Manifest V 2, Schema 2" and its
 * legacy schema 1 types, which are recognised only to be refused by name.
 */
export const MEDIA_TYPE = {
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociEmpty: "application/vnd.oci.empty.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  ociForeignLayer: "application/vnd.oci.image.layer.nondistributable.v1.tar",
  ociForeignLayerGzip: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  ociForeignLayerZstd: "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  dockerLayerZstd: "application/vnd.docker.image.rootfs.diff.tar.zstd",
  dockerForeignLayerGzip: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  dockerSchema1: "application/vnd.docker.distribution.manifest.v1+json",
  dockerSchema1Signed: "application/vnd.docker.distribution.manifest.v1+prettyjws",
} as const;

/** What a client accepts for a manifest request, in order of preference. */
export const ACCEPTED_MANIFESTS: readonly string[] = [
  MEDIA_TYPE.dockerManifest,
  MEDIA_TYPE.dockerManifestList,
  MEDIA_TYPE.ociManifest,
  MEDIA_TYPE.ociIndex,
  "application/json",
];

export function isIndexType(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.ociIndex || mediaType === MEDIA_TYPE.dockerManifestList;
}

export function isManifestType(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.ociManifest || mediaType === MEDIA_TYPE.dockerManifest;
}

export function isSchema1Type(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.dockerSchema1 || mediaType === MEDIA_TYPE.dockerSchema1Signed;
}

export function isImageConfigType(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.ociConfig || mediaType === MEDIA_TYPE.dockerConfig;
}

export type LayerCompression = "none" | "gzip" | "zstd";

const LAYER_COMPRESSION: ReadonlyMap<string, LayerCompression> = new Map([
  [MEDIA_TYPE.ociLayer, "none"],
  [MEDIA_TYPE.ociLayerGzip, "gzip"],
  [MEDIA_TYPE.ociLayerZstd, "zstd"],
  [MEDIA_TYPE.ociForeignLayer, "none"],
  [MEDIA_TYPE.ociForeignLayerGzip, "gzip"],
  [MEDIA_TYPE.ociForeignLayerZstd, "zstd"],
  [MEDIA_TYPE.dockerLayer, "none"],
  [MEDIA_TYPE.dockerLayerGzip, "gzip"],
  [MEDIA_TYPE.dockerLayerZstd, "zstd"],
  [MEDIA_TYPE.dockerForeignLayerGzip, "gzip"],
]);

/**
 * How a layer claims to be compressed, or undefined when `mediaType` is no layer of a file system. Claims are often wrong
 * (Docker calls a plain tar `…tar.gzip`), so readers look at the first bytes as well.
 */
export function layerCompression(mediaType: string): LayerCompression | undefined {
  return LAYER_COMPRESSION.get(mediaType);
}

/** The two languages of manifests: Docker schema 2 and OCI. */
export type ImageFormat = "docker" | "oci";

/** What a layer of that compression is called in a manifest of `format`. */
export function layerMediaType(compression: LayerCompression, format: ImageFormat): string {
  const types = {
    docker: { none: MEDIA_TYPE.dockerLayer, gzip: MEDIA_TYPE.dockerLayerGzip, zstd: MEDIA_TYPE.dockerLayerZstd },
    oci: { none: MEDIA_TYPE.ociLayer, gzip: MEDIA_TYPE.ociLayerGzip, zstd: MEDIA_TYPE.ociLayerZstd },
  } as const;
  return types[format][compression];
}
