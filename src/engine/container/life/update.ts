import { BerthError, messageOf } from "#base/errors.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import type { UpdateRequest, UpdateResponse } from "#spec/docker/update.ts";
import type { MachineFacts } from "../../host-facts.ts";
import type { Events } from "../../ports.ts";
import type { RuntimePlanner } from "../../planner-ports.ts";
import type { Container } from "../container.ts";
import { publishContainerEvent } from "../events.ts";
import type { ContainerRegistry } from "../registry.ts";
import { isLive } from "../status.ts";
import { mergeLimits } from "./update-limits.ts";
import { validateLimits, validateRestartPolicy } from "../settings/validate-resources.ts";

export interface UpdateDeps {
  readonly registry: ContainerRegistry;
  readonly machine: MachineFacts;
  readonly planner: Pick<RuntimePlanner, "changeLimits">;
  readonly events: Events;
}

/**
 * `POST /containers/{id}/update`: other limits, at once for a container that runs, and another restart policy. All or
 * nothing: what the kernel refuses is not kept either.
 *
 * Errors: `invalid-parameter` for values that cannot be; "Cannot update container ID: …" as `conflict` for those that
 * do not go with what is set, and of the kernel's kind for those it refuses.
 */
export function updateContainer(deps: UpdateDeps) {
  return async (reference: string, request: UpdateRequest): Promise<UpdateResponse> => {
    const container = deps.registry.find(reference);
    validateLimits(request, deps.machine, "part");
    if (request.RestartPolicy.Name !== "") validateRestartPolicy(request.RestartPolicy);
    return container.lock.run(() => updateLocked(deps, container, request));
  };
}

function updateLocked(deps: UpdateDeps, container: Container, request: UpdateRequest): UpdateResponse {
  const { state } = container.status;
  if (state === "removing" || state === "dead") {
    throw cannotUpdate(container, new BerthError("conflict", 'container is marked for removal and cannot be "update"'));
  }
  try {
    const hostConfig = mergeLimits(container.spec.hostConfig, request);
    validateLimits(hostConfig, deps.machine);
    const warnings = [...discarded(request), ...carryOut(deps, container, hostConfig)];
    publishContainerEvent(deps.events, "update", container);
    return { Warnings: warnings.length === 0 ? null : warnings };
  } catch (error) {
    throw cannotUpdate(container, error);
  }
}

/** The kernel first, the row then: a row is believed at the next start, so it must not hold what was refused. */
function carryOut(deps: UpdateDeps, container: Container, hostConfig: HostConfig): readonly string[] {
  const spec = { ...container.spec, hostConfig };
  const change = isLive(container.status) ? deps.planner.changeLimits(container.spec, spec) : undefined;
  try {
    deps.registry.setSpec(container, spec);
  } catch (error) {
    change?.undo();
    throw error;
  }
  return change?.warnings ?? [];
}

function discarded(request: UpdateRequest): readonly string[] {
  return request.KernelMemory > 0
    ? ["Specifying a kernel memory limit is deprecated and will be removed in a future release."]
    : [];
}

function cannotUpdate({ id }: Container, cause: unknown): BerthError {
  const kind = cause instanceof BerthError ? cause.kind : "internal";
  return new BerthError(kind, `Cannot update container ${id}: ${messageOf(cause)}`, { cause });
}
