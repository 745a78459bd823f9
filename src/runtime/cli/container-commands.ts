import { BerthError } from "#base/errors.ts";
import { sleep } from "#base/async.ts";
import { isRunning, signalProcess } from "#host/processes/process.ts";
import { parseSignal } from "#spec/docker/signals.ts";
import { defaultCgroupParent } from "./cgroup-path.ts";
import { runHooks, runHooksAnyway } from "../hooks/hooks.ts";
import { ociState } from "../hooks/oci-state.ts";
import { currentState, statusOf, type StoredContainer } from "./container-store.ts";
import type { RuntimeContext } from "./context.ts";
import { launchError, planOfOutline } from "./launch-error.ts";

const SIGKILL = 9;

/** OCI `start`. `conflict` unless the container is created. */
export async function startContainer(context: RuntimeContext, id: string): Promise<void> {
  const { store, launcher } = context;
  const container = store.load(id);
  const status = statusOf(container);
  if (status === "running") throw new BerthError("conflict", "cannot start an already running container");
  if (status === "stopped") throw new BerthError("conflict", "cannot start a container that has stopped");
  const found = await launcher.recover(`${store.directory(id)}/init`);
  if (found.state !== "ready") throw new BerthError("conflict", "cannot start a container that does not wait for it");
  try {
    await found.process.go();
  } catch (error) {
    const { outline } = container;
    throw launchError(error, planOfOutline(outline), outline.argv0, "berth-runtime start failed");
  } finally {
    found.process.detach();
  }
  await markStarted(context, container);
}

/** Also runs the poststart hooks: one that fails is an error and ends the container (runtime-spec 1.3, "Lifecycle"). */
export async function markStarted(
  { store, cgroups }: Pick<RuntimeContext, "store" | "cgroups">,
  container: StoredContainer,
): Promise<void> {
  const started = { ...container, started: true };
  store.save(started);
  const hooks = store.loadConfig(container.id).hooks?.poststart ?? [];
  if (hooks.length === 0) return;
  try {
    await runHooks("poststart", hooks, currentState(started));
  } catch (error) {
    await cgroups.open(container.cgroupPath).kill();
    throw error;
  }
}

/**
 * OCI `kill`; `all`: every process of the container, also when init is gone. Without a pid namespace of its own SIGKILL
 * goes to all in any case: nobody else would end them. `conflict` when it does not run.
 */
export function killContainer({ store, cgroups }: RuntimeContext, id: string, signalText: string, all: boolean): void {
  const container = store.load(id);
  const signal = parseSignal(signalText);
  const alive = statusOf(container) !== "stopped";
  if (!all && !alive) throw notRunning();
  const ownPids = (store.loadConfig(id).linux?.namespaces ?? []).some(({ type, path }) => type === "pid" && !path);
  if (all || (signal === SIGKILL && !ownPids)) {
    for (const pid of cgroups.open(container.cgroupPath).pids()) sendTo(pid, signal);
    return;
  }
  if (!signalProcess(container, signal)) throw notRunning();
}

const notRunning = (): BerthError => new BerthError("conflict", "container not running");

function sendTo(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** OCI `delete`, then the poststop hooks. `force` kills first and does not mind a container that is not there. */
export async function deleteContainer(context: RuntimeContext, id: string, force: boolean): Promise<void> {
  const { store, cgroups } = context;
  let container: StoredContainer;
  try {
    container = store.load(id);
  } catch (error) {
    if (!force) throw error;
    await store.remove(id);
    return;
  }
  const status = statusOf(container);
  const cgroup = cgroups.open(container.cgroupPath);
  if (status === "running" && !force)
    throw new BerthError(
      "conflict",
      `cannot delete container ${id} that is not stopped: ${cgroup.isFrozen() ? "paused" : "running"}`,
    );
  if (status !== "stopped") {
    await cgroup.kill();
    signalProcess(container, SIGKILL);
    for (let tries = 0; isRunning(container) && tries < 100; tries++) await sleep(Math.min(tries, 50));
  }
  const hooks = store.loadConfig(id).hooks?.poststop ?? [];
  await cgroup.remove();
  if (container.cgroupPath.startsWith(`${defaultCgroupParent}/`)) cgroups.removeEmpty(defaultCgroupParent);
  await store.remove(id);
  await runHooksAnyway("poststop", hooks, ociState(container, "stopped"), (text) => context.warn(text));
}

/** `conflict` for a container that has ended, or that is not as it has to be for that. */
export async function pauseContainer({ store, cgroups }: RuntimeContext, id: string, pause: boolean): Promise<void> {
  const container = store.load(id);
  if (statusOf(container) === "stopped") throw notRunning();
  const cgroup = cgroups.open(container.cgroupPath);
  const frozen = cgroup.isFrozen();
  if (pause && frozen) throw new BerthError("conflict", "container is already paused");
  if (!pause && !frozen) throw new BerthError("conflict", "container not paused");
  await (pause ? cgroup.freeze() : cgroup.thaw());
}
