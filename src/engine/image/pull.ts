import type { ImageService, Progress, RegistryAuth } from "#image/types.ts";
import type { Platform } from "#spec/oci/platform.ts";
import type { Events } from "../ports.ts";

export interface PullRequest {
  /** `name[:tag|@digest]`, not normalised. */
  readonly reference: string;
  readonly allTags: boolean;
  readonly auth: RegistryAuth | undefined;
  readonly platform: Platform | undefined;
  readonly onProgress: (line: Progress) => void;
  readonly signal: AbortSignal;
}

/** `POST /images/create?fromImage=`. Errors are the image service's. */
export function pullImage(deps: { readonly images: ImageService; readonly events: Events }) {
  return async (request: PullRequest): Promise<void> => {
    const { auth, platform, ...rest } = request;
    await deps.images.pull({
      ...rest,
      ...(auth === undefined ? {} : { auth }),
      ...(platform === undefined ? {} : { platform }),
    });
    const name = request.reference.replace(/(:[^/@]*)?(@.*)?$/, "");
    deps.events.publish({ type: "image", action: "pull", id: request.reference, attributes: { name } });
  };
}
