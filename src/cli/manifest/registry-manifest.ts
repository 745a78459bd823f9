import { BerthError, isBerthError } from "#base/errors.ts";
import type { RegistryManifest } from "#spec/berth/registry-manifests.ts";
import type { DescriptorPlatform } from "#spec/oci/image.ts";
import { isIndexType, MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { canonicalString, withDefaultTag, type Reference } from "#spec/oci/reference.ts";
import type { Invocation } from "../command.ts";
import { registryAuth } from "../image/registry-auth.ts";
import { platformInOrder } from "./list-document.ts";
import type { ListedManifest } from "./list-store.ts";

/** A manifest or index as its registry has it, fetched by the engine. `not-found` in docker's words. */
export async function fetchManifest(
  { client, config, io }: Pick<Invocation, "client" | "config" | "io">,
  reference: Reference,
  insecure: boolean,
): Promise<RegistryManifest> {
  const api = await client();
  const auth = await registryAuth(config, io, reference.domain);
  const name = canonicalString(withDefaultTag(reference));
  try {
    return await api.images.registryManifest(name, { insecure, registryAuth: auth });
  } catch (error) {
    if (!isBerthError(error, "not-found")) throw error;
    throw new BerthError("not-found", `no such manifest: ${name}`, { cause: error });
  }
}

export const isIndex = ({ MediaType }: RegistryManifest): boolean => isIndexType(MediaType);

/** A manifest as an entry of a list. `platform` is the index's word where it came from one. */
export function listed(manifest: RegistryManifest, ref: string, platform?: DescriptorPlatform): ListedManifest {
  const { MediaType, Digest, Raw } = manifest;
  const bytes = Buffer.from(Raw, "base64");
  const known = platform ?? manifest.Platform;
  const parsed: unknown = JSON.parse(bytes.toString());
  return {
    Ref: ref,
    Descriptor: {
      mediaType: MediaType,
      digest: Digest,
      size: bytes.length,
      ...(known === undefined ? {} : { platform: platformInOrder(known) }),
    },
    Raw,
    ...(MediaType === MEDIA_TYPE.ociManifest ? { OCIManifest: parsed } : { SchemaV2Manifest: parsed }),
  };
}
