import { BerthError, isBerthError } from "#base/errors.ts";
import type { NetworkService } from "#network/types.ts";
import type { Events } from "../../ports.ts";
import { publishContainerEvent } from "../events.ts";
import { checkName, nameConflict } from "../settings/names.ts";
import type { ContainerRegistry } from "../registry.ts";

/** `POST /containers/{id}/rename`. `invalid-parameter` for a bad name, `conflict` for a taken one. */
export function renameContainer(deps: {
  readonly registry: ContainerRegistry;
  readonly networks: NetworkService;
  readonly events: Events;
}) {
  return async (reference: string, newName: string): Promise<void> => {
    if (newName === "") throw new BerthError("invalid-parameter", "Neither old nor new names may be empty");
    const container = deps.registry.find(reference);
    const wanted = newName.startsWith("/") ? newName : `/${newName}`;
    await container.lock.run(async () => {
      if (wanted === `/${container.name}`) {
        throw new BerthError("invalid-parameter", "Renaming a container with the same name as its current name");
      }
      const name = allocate(deps.registry, wanted);
      const oldName = `/${container.name}`;
      deps.registry.rename(container, name);
      await deps.networks.rename(container.id, name);
      publishContainerEvent(deps.events, "rename", container, { oldName });
    });
  };
}

function allocate(registry: ContainerRegistry, wanted: string): string {
  try {
    const name = checkName(wanted);
    const holder = registry.named(name);
    if (holder !== undefined) throw nameConflict(name, holder.id);
    return name;
  } catch (error) {
    if (!isBerthError(error)) throw error;
    throw new BerthError(error.kind, `Error when allocating new name: ${error.message}`, { cause: error });
  }
}
