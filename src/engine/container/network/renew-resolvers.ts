import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { Container } from "../container.ts";
import type { ContainerRegistry } from "../registry.ts";
import { residentOf, writeResolvConf, type ResolverDeps } from "./resolver-files.ts";
import { isLive } from "../status.ts";

export interface RenewResolversDeps extends ResolverDeps {
  readonly registry: ContainerRegistry;
  readonly log: Log;
}

/**
 * The host asks other servers than before: so do containers that run, by the name service and by their resolv.conf where
 * nobody but the engine wrote it. Docker tells them at their next start. Never rejects.
 */
export function renewResolvers(deps: RenewResolversDeps) {
  return async (): Promise<void> => {
    await Promise.all(
      deps.registry.all().map(async (container) => {
        try {
          await container.lock.run(() => renewLocked(deps, container));
        } catch (error) {
          deps.log.error("a running container does not learn of the host's new name servers", {
            container: container.id,
            error: messageOf(error),
          });
        }
      }),
    );
  };
}

async function renewLocked(deps: RenewResolversDeps, container: Container): Promise<void> {
  if (!isLive(container.status)) return;
  const { hostConfig, config } = container.spec;
  const { upstreams = [] } = await residentOf(deps, container);
  await deps.networks.setUpstreams(container.id, upstreams);
  if (hostConfig.NetworkMode.startsWith("container:") || config.NetworkDisabled) return;
  await writeResolvConf(deps, container, await deps.networks.endpoints(container.id));
}
