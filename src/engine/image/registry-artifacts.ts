import { BerthError } from "#base/errors.ts";
import { sha256Digest } from "#base/sha256.ts";
import type { RegistryArtifact, RegistryArtifactPush } from "#spec/berth/registry-artifacts.ts";
import type { AuthConfig } from "#spec/docker/auth.ts";
import { parseReference } from "#spec/oci/reference.ts";
import type { Registries } from "../registry-ports.ts";

/** `GET /berth/registry/artifact`: what is no image, with all that it names. */
export function readArtifact(deps: { readonly registries: Registries }) {
  return async (
    name: string,
    options: { readonly insecure: boolean; readonly auth: AuthConfig | undefined; readonly signal: AbortSignal },
  ): Promise<RegistryArtifact> => {
    const from = parseReference(name);
    const registries = options.insecure ? deps.registries.insecure(from.domain) : deps.registries;
    const { document, blobs } = await registries.readArtifact({ from, auth: options.auth, signal: options.signal });
    return {
      MediaType: document.mediaType,
      Digest: document.digest,
      Raw: base64(document.bytes),
      Blobs: blobs.map(({ digest, bytes }) => ({ Digest: digest, Raw: base64(bytes) })),
    };
  };
}

/** `POST /berth/registry/artifact`. `invalid-parameter` for blobs that are not what their digests say. */
export function pushArtifact(deps: { readonly registries: Registries }) {
  return async (
    request: RegistryArtifactPush,
    auth: AuthConfig | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly Digest: string }> => {
    const to = parseReference(request.Name);
    const registries = request.Insecure ? deps.registries.insecure(to.domain) : deps.registries;
    const bytes = Buffer.from(request.Raw, "base64");
    const document = { mediaType: request.MediaType, digest: sha256Digest(bytes), bytes };
    const blobs = request.Blobs.map(({ Digest, Raw }) => ({ digest: Digest, bytes: Buffer.from(Raw, "base64") }));
    const wrong = blobs.find((blob) => sha256Digest(blob.bytes) !== blob.digest);
    if (wrong !== undefined)
      throw new BerthError("invalid-parameter", `a blob's content is not what ${wrong.digest} says`);
    await registries.pushArtifact({ to, document, blobs, auth, signal });
    return { Digest: document.digest };
  };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
