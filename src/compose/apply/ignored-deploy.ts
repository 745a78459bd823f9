import type { Service } from "../load/project.ts";
import type { ServiceDeploy } from "../model/deploy.ts";

/** What only a swarm heeds, by key, where it asks for more than goes without saying. */
const swarmKeys: Readonly<Record<string, (deploy: ServiceDeploy) => boolean>> = {
  placement: ({ placement }) => placement !== undefined && Object.keys(placement).length > 0,
  endpoint_mode: ({ endpoint_mode }) => endpoint_mode === "dnsrr",
  mode: ({ mode }) => mode?.endsWith("-job") === true,
  rollback_config: ({ rollback_config }) => rollback_config !== undefined,
  "resources.reservations.generic_resources": ({ resources }) =>
    (resources?.reservations?.generic_resources ?? []).length > 0,
};

/** One sentence about all that is left aside of the services' `deploy`; undefined when nothing is. */
export function ignoredDeploy(services: readonly Service[]): string | undefined {
  const ignored = Object.entries(swarmKeys).flatMap(([key, asks]) => {
    const names = services.filter(({ deploy }) => deploy !== undefined && asks(deploy)).map(({ name }) => name);
    return names.length === 0 ? [] : `deploy.${key} of ${names.join(", ")}`;
  });
  return ignored.length === 0 ? undefined : `only a swarm heeds ${ignored.join("; ")}`;
}
