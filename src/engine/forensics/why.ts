import { BerthError } from "#base/errors.ts";
import type { WhyResponse } from "#spec/berth/exit-report.ts";
import type { ContainerRegistry } from "../container/registry.ts";
import { containerState, healthState } from "../container/state.ts";
import type { ExitRows } from "../ports.ts";
import type { ExitReporter } from "./exit-reporter.ts";

/**
 * `GET /berth/containers/{id}/why`: how a container ended, each time; also of one that has been removed, by the id or the
 * name it had. `not-found` when nothing is known of it.
 */
export function whyContainer(deps: {
  readonly registry: ContainerRegistry;
  readonly exits: ExitRows;
  readonly reports: Pick<ExitReporter, "settled">;
}) {
  return async (reference: string): Promise<WhyResponse> => {
    await deps.reports.settled();
    const container = deps.registry.lookup(reference);
    const id = container?.id ?? removedId(deps.exits, reference);
    const rows = deps.exits.ofContainer(id);
    const state = container === undefined ? undefined : containerState(container.status);
    return {
      Id: id,
      Name: container?.name ?? rows[0]?.containerName ?? "",
      ...(container === undefined || state === undefined
        ? {}
        : { State: { Status: state.Status, StartedAt: state.StartedAt, ...healthState(container.life) } }),
      Exits: rows.map(({ report }) => report),
    };
  };
}

function removedId(exits: ExitRows, reference: string): string {
  const [id, another] = reference === "" ? [] : exits.find(reference.replace(/^\//, ""));
  if (id === undefined) throw new BerthError("not-found", `No such container: ${reference}`);
  if (another !== undefined) {
    throw new BerthError("invalid-parameter", `multiple IDs found with provided prefix: ${reference}`);
  }
  return id;
}
