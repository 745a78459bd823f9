import { BerthError } from "#base/errors.ts";
import { sha256Digest } from "#base/sha256.ts";
import type { RegistryManifest, RegistryManifestPush, RegistryManifestPushed } from "#spec/berth/registry-manifests.ts";
import type { AuthConfig } from "#spec/docker/auth.ts";
import { parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { Registries } from "../registry-ports.ts";

const MAX_MANIFEST_SIZE = 4 << 20;

/** `GET /berth/registry/manifest`: a manifest as a registry has it, with the platform that its config tells. */
export function readManifest(deps: { readonly registries: Registries }) {
  return async (
    name: string,
    options: { readonly insecure: boolean; readonly auth: AuthConfig | undefined; readonly signal: AbortSignal },
  ): Promise<RegistryManifest> => {
    const reference = withDefaultTag(parseReference(name));
    const registries = options.insecure ? deps.registries.insecure(reference.domain) : deps.registries;
    const { descriptor, platforms, bytes, isIndex } = await registries.describe(
      reference,
      options.auth,
      options.signal,
    );
    const [platform] = platforms;
    return {
      MediaType: descriptor.mediaType,
      Digest: descriptor.digest,
      Raw: Buffer.from(bytes).toString("base64"),
      ...(isIndex || platform === undefined ? {} : { Platform: platform }),
    };
  };
}

/** `POST /berth/registry/manifest`: an index to a registry. Errors are the registry's. */
export function pushManifestList(deps: { readonly registries: Registries }) {
  return async (
    request: RegistryManifestPush,
    auth: AuthConfig | undefined,
    signal: AbortSignal,
  ): Promise<RegistryManifestPushed> => {
    const bytes = Buffer.from(request.Raw, "base64");
    if (bytes.length > MAX_MANIFEST_SIZE) throw new BerthError("invalid-parameter", "the index is too large");
    const to = parseReference(request.Name);
    const registries = request.Insecure ? deps.registries.insecure(to.domain) : deps.registries;
    const digest = sha256Digest(bytes);
    const document = { mediaType: request.MediaType, digest, bytes };
    const sources = request.Sources.map(parseReference);
    return { Digest: digest, Taken: await registries.pushList({ to, document, sources, auth, signal }) };
  };
}
