import type { AuthConfig } from "#spec/docker/auth.ts";
import type { DistributionInspect } from "#spec/docker/image.ts";
import { parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { Registries } from "../registry-ports.ts";

/** `GET /distribution/{name}/json`: what a registry has under a name. */
export function describeImage(deps: { readonly registries: Registries }) {
  return async (name: string, auth: AuthConfig | undefined, signal: AbortSignal): Promise<DistributionInspect> => {
    const { descriptor, platforms } = await deps.registries.describe(
      withDefaultTag(parseReference(name)),
      auth,
      signal,
    );
    return { Descriptor: descriptor, Platforms: platforms };
  };
}
