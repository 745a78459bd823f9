import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { CgroupManager } from "#host/cgroup/types.ts";
import type { LogKeeper } from "#logs/types.ts";
import type { NetworkService } from "#network/types.ts";
import type { EngineConfig } from "./config.ts";
import type { ContainerRegistry } from "./container/registry.ts";
import type { SettleExit } from "./container/life/settle-exit.ts";
import { isLive } from "./container/status.ts";
import type { StopNow } from "./container/life/stop.ts";
import type { HealthMonitor } from "./health/health-monitor.ts";
import type { RuntimePlanner } from "./planner-ports.ts";

export interface ShutdownDeps {
  readonly config: EngineConfig;
  readonly registry: ContainerRegistry;
  readonly settleExit: SettleExit;
  readonly health: HealthMonitor;
  readonly stopNow: StopNow;
  readonly networks: NetworkService;
  readonly logKeeper: LogKeeper;
  readonly cgroups: CgroupManager;
  readonly planner: RuntimePlanner;
  readonly log: Log;
}

/**
 * An engine that is asked to end (SIGTERM) leaves its containers running, as when it is killed. Without live restore it
 * stops them, as dockerd does, each with its own signal and time but none longer than the engine's shutdown timeout; their
 * restart policies act when the engine comes back.
 */
export async function shutdown(deps: ShutdownDeps): Promise<void> {
  const { config, registry, settleExit } = deps;
  settleExit.stopping = true;
  for (const container of registry.all()) container.cancelRestart?.();
  const live = registry.all().filter((container) => isLive(container.status));
  if (!config.liveRestore) {
    await Promise.all(
      live.map(async (container) => {
        const own = container.spec.config.StopTimeout ?? config.defaultStopTimeoutSeconds;
        const timeoutSeconds = own < 0 ? config.shutdownTimeoutSeconds : Math.min(own, config.shutdownTimeoutSeconds);
        try {
          await deps.stopNow(container, { signal: "", timeoutSeconds }, "shutdown");
        } catch (error) {
          deps.log.error("could not stop a container", { container: container.id, error: messageOf(error) });
        }
      }),
    );
  }
  await settleExit.settled();
  await deps.health.close();
  await deps.logKeeper.close();
  await deps.networks.close();
  deps.cgroups.removeEmpty(deps.planner.cgroupParent);
}
