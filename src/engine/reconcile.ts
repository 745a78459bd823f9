import { within } from "#base/async.ts";
import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { CgroupManager } from "#host/cgroup/types.ts";
import type { LogKeeper } from "#logs/types.ts";
import type { NetworkService } from "#network/types.ts";
import type { ShimLauncher } from "#runtime/types.ts";
import type { Snapshotter } from "#snapshot/types.ts";
import type { EngineConfig } from "./config.ts";
import type { Container } from "./container/container.ts";
import { plannedEndpoints } from "./container/network/endpoint-plan.ts";
import { publishContainerEvent } from "./container/events.ts";
import { logOwner } from "./container/streams/log-owner.ts";
import type { ContainerRegistry } from "./container/registry.ts";
import type { RemoveLocked } from "./container/life/remove.ts";
import { refreshResolvConf, residentOf } from "./container/network/resolver-files.ts";
import { startsWithEngine } from "./container/life/restart-policy.ts";
import { lostEnd, unseenExitCode, type SettleExit } from "./container/life/settle-exit.ts";
import type { TearDown } from "./container/life/tear-down.ts";
import type { ExecRegistry } from "./exec/exec.ts";
import { watchExec } from "./exec/start.ts";
import type { ExitReporter, SeenEnd } from "./forensics/exit-reporter.ts";
import type { HealthMonitor } from "./health/health-monitor.ts";
import type { MachineFacts } from "./host-facts.ts";
import type { Clock, EnginePaths, Events, Files, HostMounts, ProcessTable } from "./ports.ts";
import type { RuntimePlanner } from "./planner-ports.ts";

export interface ReconcileDeps {
  readonly config: EngineConfig;
  readonly registry: ContainerRegistry;
  readonly execs: ExecRegistry;
  readonly launcher: ShimLauncher;
  readonly networks: NetworkService;
  readonly snapshots: Snapshotter;
  readonly cgroups: CgroupManager;
  readonly planner: RuntimePlanner;
  readonly files: Files;
  readonly paths: EnginePaths;
  readonly hostMounts: HostMounts;
  readonly events: Events;
  readonly clock: Clock;
  readonly processes: ProcessTable;
  readonly log: Log;
  readonly tearDown: TearDown;
  readonly logKeeper: LogKeeper;
  readonly machine: Pick<MachineFacts, "hostname">;
  readonly removeLocked: RemoveLocked;
  readonly settleExit: SettleExit;
  readonly health: HealthMonitor;
  readonly reports: ExitReporter;
}

/** What a look at a container's shim asks to be done, once the networks know which containers live. */
type Finding =
  | { readonly kind: "lives" }
  | { readonly kind: "ended"; readonly status: SeenEnd }
  | { readonly kind: "half-made"; readonly why: string }
  | { readonly kind: "half-removed" }
  | { readonly kind: "rests" };

/**
 * Make rows and machine agree after any end of the engine before this one. To be called once, before the first request:
 *
 * 1. look at every container's shim: living ones are taken over
 * 2. networks keep what living containers have and are meant to have, and release the rest
 * 3. ended ones are settled as if their end was seen now, half-made ones undone, half-removed ones removed
 * 4. what belongs to no row is deleted: snapshots, directories, cgroups
 * 5. containers whose policy wants it are started again
 */
export async function reconcile(deps: ReconcileDeps): Promise<void> {
  const findings = await Promise.all(
    deps.registry.all().map(async (container) => [container, await look(deps, container)] as const),
  );
  const living = findings.filter(([, finding]) => finding.kind === "lives");
  const live = await Promise.all(
    living.map(async ([container]) => ({
      containerId: container.id,
      networkNamespace: `/proc/${container.process?.pid ?? 0}/ns/net`,
      ...(await residentOf(deps, container)),
    })),
  );
  await deps.networks.reconcile(live);
  for (const [container] of living) await guarded(deps, container, () => leaveUnplanned(deps, container));
  for (const [container, finding] of findings) await guarded(deps, container, () => settle(deps, container, finding));
  await removeOrphans(deps);
  for (const container of deps.registry.all()) deps.health.watch(container);
  for (const container of deps.registry.all()) await guarded(deps, container, () => startAgain(deps, container));
}

/** A container that was on its way into a network, which its row does not name yet, is not in it. */
async function leaveUnplanned(deps: ReconcileDeps, container: Container): Promise<void> {
  const planned = new Set(plannedEndpoints(container.spec).map(({ network }) => network));
  const before = await deps.networks.endpoints(container.id);
  for (const { networkId, networkName } of before) {
    if (planned.has(networkName) || planned.has(networkId)) continue;
    await deps.networks.disconnect(container.id, networkId, `/proc/${container.process?.pid ?? 0}/ns/net`);
    await refreshResolvConf(deps, container, before);
  }
}

async function look(deps: ReconcileDeps, container: Container): Promise<Finding> {
  const { status } = container;
  switch (status.state) {
    case "created":
    case "exited":
    case "restarting":
    case "dead":
      return { kind: "rests" };
    case "removing":
      return { kind: "half-removed" };
    case "starting":
    case "running":
    case "paused":
      break;
  }
  const found = await deps.launcher.recover(deps.paths.containerRunDir(container.id));
  switch (found.state) {
    case "running":
      container.process = found.process;
      return { kind: "lives" };
    case "ready":
      container.process = found.process;
      return { kind: "half-made", why: "the engine ended while the container was being started" };
    case "exited":
      return { kind: "ended", status: found.status };
    case "failed":
      return { kind: "half-made", why: `${found.failure.what}: errno ${found.failure.errno}` };
    case "lost":
      if (status.state === "starting")
        return { kind: "half-made", why: "the engine ended while the container was being started" };
      return { kind: "ended", status: lostEnd(deps.clock) };
  }
}

async function settle(deps: ReconcileDeps, container: Container, finding: Finding): Promise<void> {
  const { registry } = deps;
  switch (finding.kind) {
    case "lives":
      return takeOver(deps, container);
    case "ended":
      deps.logKeeper.resume(logOwner(deps.paths, deps.machine.hostname, container));
      return deps.settleExit.settle(container, finding.status);
    case "half-made":
      await deps.tearDown.whole(container);
      registry.apply(container, { type: "start-failed", exitCode: 128, error: finding.why });
      if (container.spec.hostConfig.AutoRemove) await deps.removeLocked(container, { volumes: true });
      return;
    case "half-removed":
      await deps.reports.catchUp(container);
      await deps.tearDown.whole(container);
      return deps.removeLocked(container, {
        volumes: container.spec.hostConfig.AutoRemove,
        told: await isToldGone(deps, container),
      });
    case "rests":
      // Its end may have been noted and not yet cleaned up after.
      await deps.reports.catchUp(container);
      await deps.tearDown.whole(container);
      if (container.status.state !== "created") {
        deps.logKeeper.resume(logOwner(deps.paths, deps.machine.hostname, container));
      }
      if (container.status.state === "exited" && container.spec.hostConfig.AutoRemove) {
        await deps.removeLocked(container, { volumes: true });
      }
  }
}

/** Of what removed itself, `destroy` is told before the last of it goes. An event that was told is in the history. */
async function isToldGone({ events, clock }: ReconcileDeps, { id, status }: Container): Promise<boolean> {
  if (status.state !== "removing" || status.before.state !== "exited") return false;
  const since = { sinceNs: BigInt(status.before.finishedAtNs), untilNs: clock.nowNs(), own: true };
  for await (const event of events.subscribe(since))
    if (event.type === "container" && event.action === "destroy" && event.id === id) return true;
  return false;
}

async function takeOver(deps: ReconcileDeps, container: Container): Promise<void> {
  const { registry } = deps;
  if (container.status.state === "starting") {
    const pid = container.process?.pid ?? 0;
    const started = { type: "launched", pid, startedAtNs: String(deps.clock.nowNs()) } as const;
    registry.apply(container, started, deps.health.atStart(container));
    publishContainerEvent(deps.events, "start", container);
  }
  const frozen = deps.cgroups.open(deps.planner.cgroupPath(container.spec)).isFrozen();
  if (frozen !== (container.status.state === "paused"))
    registry.apply(container, { type: frozen ? "pause" : "unpause" });
  deps.settleExit.watch(container);
  if (container.process !== undefined)
    deps.logKeeper.keep(logOwner(deps.paths, deps.machine.hostname, container), container.process);
  await deps.health.recall(container);
  for (const row of deps.execs.ofContainer(container.id)) {
    if (row.status.state === "exited") continue;
    const dir = deps.paths.execRunDir(row.id);
    const found = await deps.launcher.recover(dir);
    if (found.state === "running") {
      deps.execs.hold(row.id, found.process);
      deps.execs.setStatus(row.id, { state: "running", pid: found.process.pid });
      void watchExec(deps, row, found.process);
      continue;
    }
    if (found.state === "ready") await found.process.signal(9);
    if (row.status.state === "running" || found.state === "exited") {
      deps.execs.setStatus(row.id, {
        state: "exited",
        exitCode: found.state === "exited" ? found.status.exitCode : unseenExitCode,
      });
    }
    await deps.files.removeTree(dir);
  }
}

async function startAgain(deps: ReconcileDeps, container: Container): Promise<void> {
  const { status, life, spec } = container;
  const policy = spec.hostConfig.RestartPolicy;
  if (status.state === "restarting") {
    const waitedMs = Number(deps.clock.nowNs() - BigInt(status.finishedAtNs)) / 1e6;
    const delayMs = life.restartDelayMs ?? 0;
    return deps.settleExit.restartAfter(container, Math.min(delayMs, Math.max(0, delayMs - waitedMs)));
  }
  if (status.state !== "exited" || container.cancelRestart !== undefined) return;
  if (!startsWithEngine(policy, { exitCode: status.exitCode, ...life })) return;
  deps.registry.apply(container, { type: "restart-planned" });
  deps.settleExit.restartAfter(container, 0, "engine");
}

async function removeOrphans(deps: ReconcileDeps): Promise<void> {
  const { snapshots, files, paths, hostMounts } = deps;
  const known = new Set(deps.registry.all().map((container) => container.id));
  const each = async (names: readonly string[], remove: (name: string) => Promise<void>): Promise<void> => {
    for (const name of names) if (isId(name) && !known.has(name)) await attempt(deps, name, () => remove(name));
  };
  await each(await snapshots.keys(), (key) => snapshots.remove(key));
  for (const directory of [paths.containersDir, paths.containerRunsDir])
    await each(await files.names(directory), (name) => files.removeTree(`${directory}/${name}`));
  await each(await files.names(paths.mountsDir), (name) => hostMounts.release(`${paths.mountsDir}/${name}`));
  for (const name of await files.names(paths.execRunsDir))
    if (isId(name) && !deps.execs.has(name))
      await attempt(deps, name, () => endNameless(deps, `${paths.execRunsDir}/${name}`));
}

/** What cannot be removed now does not keep the engine from coming up: the next one finds it again. */
async function attempt(deps: ReconcileDeps, id: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    deps.log.error("could not remove what belongs to no container", { id, error: messageOf(error) });
  }
}

/** What no row names has nobody who would end it: a health check of the engine before. */
async function endNameless(deps: ReconcileDeps, directory: string): Promise<void> {
  const found = await deps.launcher.recover(directory);
  if (found.state === "running" || found.state === "ready") {
    deps.processes.killBelow(found.process.pid);
    await found.process.signal(9).catch(() => undefined);
    await within(
      found.process.exited().catch(() => undefined),
      1000,
      undefined,
    );
    found.process.detach();
  }
  await deps.files.removeTree(directory);
}

/** Only what has the form of an id is ours to delete. */
const isId = (name: string): boolean => /^[0-9a-f]{64}$/.test(name);

async function guarded(deps: ReconcileDeps, container: Container, work: () => Promise<void> | void): Promise<void> {
  try {
    await work();
  } catch (error) {
    deps.log.error("could not bring a container back in order", { container: container.id, error: messageOf(error) });
  }
}
