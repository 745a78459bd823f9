import { BerthError } from "#base/errors.ts";
import { sleep } from "#base/async.ts";
import { readTextFile } from "#host/files.ts";
import { isRunning, signalProcess } from "#host/process.ts";
import { parseSignal } from "#spec/docker/signals.ts";
import { parseJsonExact } from "#spec/oci/runtime-json.ts";
import { ociState, statusOf, type StoredContainer } from "./container-store.ts";
import type { RuntimeContext } from "./context.ts";
import { runHooks } from "./hooks.ts";

const SIGKILL = 9;

/** Parent of groups whose configuration names none. */
export const defaultCgroupParent = "/berth-runtime";

/** OCI `start`. `conflict` unless the container is created. A poststart hook that fails is an error (runtime-spec 1.3). */
export async function startContainer({ store, launcher }: RuntimeContext, id: string): Promise<void> {
  const container = store.load(id);
  const status = statusOf(container);
  if (status === "running") throw new BerthError("conflict", "cannot start an already running container");
  if (status === "stopped") throw new BerthError("conflict", "cannot start a container that has stopped");
  const found = await launcher.recover(`${store.directory(id)}/init`);
  if (found.state !== "ready") throw new BerthError("conflict", "cannot start a container that does not wait for it");
  await found.process.go();
  found.process.detach();
  await markStarted({ store }, container);
}

/** Also runs the poststart hooks. */
export async function markStarted({ store }: Pick<RuntimeContext, "store">, container: StoredContainer): Promise<void> {
  const started = { ...container, started: true };
  store.save(started);
  const hooks = store.loadConfig(container.id).hooks?.poststart ?? [];
  if (hooks.length > 0) await runHooks("poststart", hooks, ociState(started));
}

/** OCI `kill`; `all`: every process of the container. `conflict` when it does not run. */
export function killContainer({ store, cgroups }: RuntimeContext, id: string, signalText: string, all: boolean): void {
  const container = store.load(id);
  const signal = parseSignal(signalText);
  if (all) {
    for (const pid of cgroups.open(container.cgroupPath).pids()) sendTo(pid, signal);
    return;
  }
  if (statusOf(container) === "stopped" || !signalProcess(container, signal))
    throw new BerthError("conflict", "container not running");
}

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
  if (status === "running" && !force)
    throw new BerthError("conflict", `cannot delete container ${id} that is not stopped: running`);
  const cgroup = cgroups.open(container.cgroupPath);
  if (status !== "stopped") {
    await cgroup.kill();
    signalProcess(container, SIGKILL);
    for (let tries = 0; isRunning(container) && tries < 100; tries++) await sleep(Math.min(tries, 50));
  }
  const hooks = store.loadConfig(id).hooks?.poststop ?? [];
  await cgroup.remove();
  if (container.cgroupPath.startsWith(`${defaultCgroupParent}/`)) cgroups.removeEmpty(defaultCgroupParent);
  await store.remove(id);
  // runtime.md: a failing poststop hook is a warning, the container is gone in any case.
  await runHooks("poststop", hooks, ociState(container, "stopped")).catch((error: unknown) =>
    context.warn(String(error)),
  );
}

export async function pauseContainer({ store, cgroups }: RuntimeContext, id: string, pause: boolean): Promise<void> {
  const container = store.load(id);
  if (statusOf(container) === "stopped") throw new BerthError("conflict", "container not running");
  const cgroup = cgroups.open(container.cgroupPath);
  await (pause ? cgroup.freeze() : cgroup.thaw());
}

/** `update --resources FILE`: OCI resources as JSON; what is not named stays. */
export function updateContainer({ store, cgroups }: RuntimeContext, id: string, file: string): void {
  const container = store.load(id);
  const value = parseJsonExact(readTextFile(file === "-" ? "/dev/stdin" : file, 1 << 20));
  if (typeof value !== "object" || value === null)
    throw new BerthError("invalid-parameter", "the resources are not a JSON object");
  cgroups.open(container.cgroupPath).update(value);
}
