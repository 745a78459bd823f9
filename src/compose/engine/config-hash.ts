import { sha256Hex } from "#base/sha256.ts";
import type { Network, Service, Volume } from "../load/project.ts";
import { serviceOfMode } from "../load/normalize-service.ts";
import { goFlag, goList, goMap, goPointer, goStruct, goText } from "./go-json.ts";
import { serviceStructure } from "./service-structure.ts";

/** Id of the first container of a service; undefined when it has none. */
export type ContainerIdOf = (service: string) => string | undefined;

/**
 * The digest that docker compose 2.26 labels a service's containers with, so that neither tool makes anew what the other made.
 * How it is built, pulled and scaled is not in it. A namespace shared with another service counts as its container's.
 */
export function serviceHash(service: Service, containerIdOf: ContainerIdOf = () => undefined): string {
  const mode = (written: string | undefined): string | undefined => {
    const other = serviceOfMode(written);
    const id = other === undefined ? undefined : containerIdOf(other);
    return id === undefined ? written : `container:${id}`;
  };
  const from = (written: string): string =>
    written.startsWith("container:")
      ? (written.split(":")[1] ?? "")
      : (containerIdOf(written.split(":")[0] ?? "") ?? written);
  return sha256Hex(
    serviceStructure.encode({
      ...service,
      network_mode: mode(service.network_mode),
      ipc: mode(service.ipc),
      pid: mode(service.pid),
      volumes_from: service.volumes_from?.map(from),
    }),
  );
}

const pairs = goMap(goText);

const networkStructure = goStruct({
  name: goText,
  driver: goText,
  driver_opts: pairs,
  ipam: goStruct({
    driver: goText,
    config: goList(goStruct({ subnet: goText, gateway: goText, ip_range: goText, aux_addresses: pairs })),
    options: pairs,
  }),
  internal: goFlag,
  attachable: goFlag,
  labels: pairs,
  enable_ipv4: goPointer(goFlag),
  enable_ipv6: goPointer(goFlag),
});

const volumeStructure = goStruct({ name: goText, driver: goText, driver_opts: pairs, labels: pairs });

/** As docker compose since 2.32 labels them; 2.26 does not. */
export const networkHash = (network: Network): string => sha256Hex(networkStructure.encode(network));
export const volumeHash = (volume: Volume): string => sha256Hex(volumeStructure.encode({ driver: "local", ...volume }));

/** Of what is written into a container before its start: docker compose's own hash does not see it. Empty for nothing. */
export function filesHash(files: Readonly<Record<string, string>>): string {
  const targets = Object.keys(files).toSorted();
  return targets.length === 0 ? "" : sha256Hex(JSON.stringify(targets.map((target) => [target, files[target]])));
}
