import type { LogOwner } from "#logs/types.ts";
import { planLog } from "#logs/options/plan-log.ts";
import type { EnginePaths } from "../../ports.ts";
import type { Container } from "../container.ts";

/** A container's log: its options, its files, and what lines can tell about the container. */
export function logOwner(paths: EnginePaths, hostname: string, container: Container): LogOwner {
  const { id, name, spec, createdAtNs } = container;
  const plan = planLog(spec.hostConfig.LogConfig);
  return {
    plan,
    path: plan.store?.format === "json" ? paths.containerJsonLog(id) : paths.containerLog(id),
    subject: {
      containerId: id,
      containerName: name,
      imageId: spec.image.id,
      imageName: spec.image.reference,
      argv: spec.argv,
      labels: spec.config.Labels ?? {},
      env: spec.config.Env ?? [],
      createdNs: createdAtNs,
      hostname,
    },
  };
}
