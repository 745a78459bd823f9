import { BerthError } from "#base/errors.ts";
import type { ContainerFiles, Events } from "../../ports.ts";
import type { Container } from "../container.ts";
import { publishContainerEvent } from "../events.ts";
import { withFiles, type ViewDeps } from "./view-of.ts";

export interface ExportDeps extends ViewDeps {
  readonly containerFiles: ContainerFiles;
  readonly events: Events;
}

/**
 * `GET /containers/{id}/export`: the container's root as a tar archive, without its volumes, binds and tmpfs. It may
 * change and start while it is read. `conflict` for one that is going.
 */
export function exportContainer(deps: ExportDeps) {
  return async (reference: string): Promise<AsyncIterable<Uint8Array>> => {
    const container = deps.registry.find(reference);
    refuseGoing(container, "export");
    const chunks = await withFiles(deps, container, (root) =>
      deps.containerFiles.readAll({ root, readOnlyRoot: false, mounts: [] }),
    );
    publishContainerEvent(deps.events, "export", container);
    return chunks;
  };
}

/** `conflict` in Docker's words. */
export function refuseGoing({ id, status }: Container, verb: "export" | "commit"): void {
  const going = { dead: "Dead", removing: "being removed" } as const;
  if (status.state !== "dead" && status.state !== "removing") return;
  throw new BerthError("conflict", `You cannot ${verb} container ${id} which is ${going[status.state]}`);
}
