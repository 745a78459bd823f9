import { BerthError } from "#base/errors.ts";
import type { Events } from "../../ports.ts";
import { publishContainerEvent } from "../events.ts";
import type { ContainerRegistry } from "../registry.ts";

/** `POST /containers/{id}/resize`. `conflict` when the container does not run. */
export function resizeContainer(deps: { readonly registry: ContainerRegistry; readonly events: Events }) {
  return async (reference: string, size: { readonly rows: number; readonly columns: number }): Promise<void> => {
    const container = deps.registry.find(reference);
    if (container.process === undefined) throw new BerthError("conflict", `container ${container.id} is not running`);
    // docker-compat: without a terminal it is no error and does nothing.
    if (container.spec.config.Tty) await container.process.resize(size.rows, size.columns);
    publishContainerEvent(deps.events, "resize", container, { height: String(size.rows), width: String(size.columns) });
  };
}
