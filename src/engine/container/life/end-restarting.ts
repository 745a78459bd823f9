import type { Container } from "../container.ts";
import type { ContainerRegistry } from "../registry.ts";

/**
 * Let a container that waits for its next start by policy be `exited` instead. False when it does not wait: it may have
 * been started while this waited for the lock.
 */
export function endRestarting(deps: { readonly registry: ContainerRegistry }, container: Container): Promise<boolean> {
  return container.lock.run(() => {
    if (container.status.state !== "restarting") return false;
    container.cancelRestart?.();
    const { exitCode, oomKilled, finishedAtNs } = container.status;
    deps.registry.apply(container, { type: "exited", exitCode, oomKilled, finishedAtNs }, { stoppedByUser: true });
    for (const listener of [...container.exitListeners]) listener({ exitCode, error: "" });
    return true;
  });
}
