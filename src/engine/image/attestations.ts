import type { ImageService } from "#image/types.ts";
import type { AttestationStatement } from "#spec/docker/image.ts";
import type { Platform } from "#spec/oci/platform.ts";

/** `GET /images/{name}/attestations`, since API 1.55: what speaks about an image, in the order of its index. */
export function listAttestations(deps: { readonly images: ImageService }) {
  return async (
    name: string,
    options: {
      readonly platform: Platform | undefined;
      /** Predicate types; all when there are none. */
      readonly types: readonly string[];
      readonly withStatement: boolean;
    },
  ): Promise<readonly AttestationStatement[]> => {
    const image = await deps.images.resolve(name, options.platform);
    return deps.images.attestations(image, options).map(({ descriptor, predicateType, statement }) => ({
      Descriptor: descriptor,
      PredicateType: predicateType,
      ...(options.withStatement ? { Statement: statement } : {}),
    }));
  };
}
