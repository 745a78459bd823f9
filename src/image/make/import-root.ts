import { layerDescriptor } from "./record-image.ts";
import { parseReference } from "#spec/oci/reference.ts";
import { archiveStream } from "../archive/archive-stream.ts";
import type { ImportRequest } from "../types.ts";
import { sniffArchive, SNIFF_LENGTH } from "../unpack/decompress.ts";
import { splitHead } from "../unpack/split-head.ts";
import type { ImageMaker } from "./image-maker.ts";

/** See {@link import("../types.ts").ImageService.importRoot}. Resolves to the image's id. */
export async function importRoot(maker: ImageMaker, request: ImportRequest): Promise<string> {
  const references = request.reference === undefined ? [] : [parseReference(request.reference)];
  const { platform, created, comment, config } = request;
  const lease = maker.lease();
  try {
    const layer = await maker.layerFromArchive(await asLayer(request.archive), lease, request.signal);
    return await maker.image(
      {
        config: {
          architecture: platform.architecture,
          ...(comment === "" ? {} : { comment }),
          config,
          created,
          history: [{ created, ...(comment === "" ? {} : { comment }) }],
          os: platform.os,
          rootfs: { type: "layers", diff_ids: [layer.diffId] },
          ...(platform.variant === undefined ? {} : { variant: platform.variant }),
        },
        layers: [{ diffId: layer.diffId, blob: layerDescriptor(layer, "docker") }],
        format: "docker",
        references,
      },
      lease,
    );
  } finally {
    lease.release();
  }
}

/** Layers may be compressed with gzip and zstd; any other compression is taken off. */
async function asLayer(archive: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const { head, rest } = await splitHead(archive, SNIFF_LENGTH);
  const compression = sniffArchive(head);
  return compression === "xz" || compression === "bzip2" ? archiveStream(rest) : rest;
}
