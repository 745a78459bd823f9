import type { ImageService, Progress, RegistryAuth } from "#image/types.ts";
import { parsePlatform, platformOfHost } from "#spec/oci/platform.ts";
import type { MachineFacts } from "../host-facts.ts";
import type { PullReporter } from "../forensics/pull-reporter.ts";
import type { Events } from "../ports.ts";

export interface PullRequest {
  /** `name[:tag|@digest]`, not normalised. */
  readonly reference: string;
  readonly allTags: boolean;
  readonly auth: RegistryAuth | undefined;
  /** `os[/arch[/variant]]`, "" = this machine's. */
  readonly platform: string;
  readonly onProgress: (line: Progress) => void;
  readonly signal: AbortSignal;
}

/** `POST /images/create?fromImage=`. Errors are the image service's. */
export function pullImage(deps: {
  readonly images: ImageService;
  readonly events: Events;
  readonly machine: MachineFacts;
  readonly reports: PullReporter;
}) {
  return async (request: PullRequest): Promise<void> => {
    const { auth, platform, ...rest } = request;
    await deps.reports.watch(request.reference, () =>
      deps.images.pull({
        ...rest,
        ...(auth === undefined ? {} : { auth }),
        ...(platform === "" ? {} : { platform: parsePlatform(platform, platformOfHost(deps.machine.machine)) }),
      }),
    );
    const name = request.reference.replace(/(:[^/@]*)?(@.*)?$/, "");
    deps.events.publish({ type: "image", action: "pull", id: request.reference, attributes: { name } });
  };
}
