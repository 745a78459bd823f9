import { isUp } from "../engine/observe.ts";
import type { Service } from "../load/project.ts";
import type { ContainerStep } from "../plan/plan-up.ts";
import { alongDependencies } from "./along-dependencies.ts";
import { containerNameOf, type ApplyContext } from "./context.ts";

interface Planned {
  readonly name: string;
  readonly runs: boolean;
}

/** What `up` would start after these steps, and wait for, told in the order of dependencies; nothing is done. */
export async function tellStarts(
  { project, progress }: ApplyContext,
  services: readonly Service[],
  steps: readonly ContainerStep[],
): Promise<void> {
  const byName = new Map(services.map((service) => [service.name, service]));
  const plannedOf = (service: Service): readonly Planned[] =>
    steps.flatMap((step) => {
      if (step.service !== service.name || step.kind === "remove") return [];
      if (step.kind === "keep") return { name: step.old.name, runs: isUp(step.old) };
      return { name: containerNameOf(project, service, step.number), runs: false };
    });
  await alongDependencies(
    [...byName.keys()],
    (name) => Object.keys(byName.get(name)?.depends_on ?? {}),
    async (name) => {
      const service = byName.get(name);
      const stopped = (service === undefined ? [] : plannedOf(service)).filter(({ runs }) => !runs);
      if (service === undefined || stopped.length === 0) return;
      if (service["x-schedule"] !== undefined) {
        for (const { name: shown } of stopped) progress.report(`Container ${shown}`, "Scheduled", "done");
        return;
      }
      for (const [other, { condition }] of Object.entries(service.depends_on)) {
        const dependency = byName.get(other);
        if (condition === "service_started" || dependency === undefined) continue;
        for (const { name: shown } of plannedOf(dependency)) {
          progress.report(`Container ${shown}`, "Waiting");
          progress.report(`Container ${shown}`, condition === "service_healthy" ? "Healthy" : "Exited", "done");
        }
      }
      for (const { name: shown } of stopped) {
        progress.report(`Container ${shown}`, "Starting");
        progress.report(`Container ${shown}`, "Started", "done");
      }
    },
  );
}
