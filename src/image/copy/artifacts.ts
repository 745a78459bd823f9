import { createHash } from "node:crypto";
import { BerthError } from "#base/errors.ts";
import type { Descriptor } from "#spec/oci/image.ts";
import { parseManifestDocument } from "#spec/oci/parse-image.ts";
import { withDefaultTag, type Reference } from "#spec/oci/reference.ts";
import type { ImageSinks } from "../sink.ts";
import type { ImageSources, SourceManifest } from "../source.ts";
import type { RegistryAuth } from "../types.ts";

/** Artifacts are documents, not images: all of one fits a message. */
const MAX_ARTIFACT_BYTES = 16 << 20;

export interface ArtifactBlob {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

export interface Artifact {
  readonly document: SourceManifest;
  readonly blobs: readonly ArtifactBlob[];
}

/** A manifest with all that it names; of an index only the index. `invalid-parameter` for what is larger than artifacts are. */
export async function readArtifact(
  registries: ImageSources,
  request: {
    readonly from: Reference;
    readonly auth: RegistryAuth | undefined;
    readonly signal: AbortSignal;
  },
): Promise<Artifact> {
  const { auth, signal } = request;
  const from = withDefaultTag(request.from);
  const source = registries.open(from, auth);
  const document = await source.manifest(
    from.digest === undefined ? { tag: from.tag ?? "latest" } : { digest: from.digest },
    signal,
  );
  const parsed = parseManifestDocument(document.bytes, document.mediaType);
  if (parsed.kind === "index") return { document, blobs: [] };
  const wanted = [parsed.manifest.config, ...parsed.manifest.layers];
  if (wanted.reduce((sum, { size }) => sum + size, 0) > MAX_ARTIFACT_BYTES)
    throw new BerthError("invalid-parameter", `${from.path} is an image, or too large an artifact`);
  const blobs = new Map<string, ArtifactBlob>();
  for (const blob of wanted) {
    if (blobs.has(blob.digest)) continue;
    const chunks: Uint8Array[] = [];
    for await (const chunk of source.blob(blob, { signal, onRetry: () => {} })) chunks.push(chunk);
    blobs.set(blob.digest, { digest: blob.digest, bytes: verified(Buffer.concat(chunks), blob) });
  }
  return { document, blobs: [...blobs.values()] };
}

function verified(bytes: Uint8Array, { digest, size }: Descriptor): Uint8Array {
  const [algorithm = "", wanted] = digest.split(":");
  if (bytes.length === size && createHash(algorithm).update(bytes).digest("hex") === wanted) return bytes;
  throw new BerthError("data-loss", `blob verification failed for digest ${digest}`);
}

/** Blobs to a registry and the manifest that names them, under a tag or by its digest alone. Errors are the registry's. */
export async function pushArtifact(
  registries: ImageSinks,
  request: Artifact & {
    readonly to: Reference;
    readonly auth: RegistryAuth | undefined;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { document, blobs, auth, signal } = request;
  const to = withDefaultTag(request.to);
  const sink = registries.openSink(to, auth, []);
  for (const { digest, bytes } of blobs) {
    if (await sink.hasBlob(digest, signal)) continue;
    const blob = { mediaType: "application/octet-stream", digest, size: bytes.length };
    await sink.putBlob(blob, (offset) => once(bytes.subarray(offset)), {
      signal,
      onProgress: () => {},
      onRetry: () => {},
    });
  }
  await sink.putManifest(
    to.digest === undefined ? { tag: to.tag ?? "latest" } : { digest: to.digest },
    document,
    signal,
  );
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield bytes;
}
