import { BerthError, isBerthError } from "#base/errors.ts";
import type { NetworkCreateBody } from "#client/networks-api.ts";
import type { Network, Project, Volume } from "../load/project.ts";
import { networkHash, volumeHash } from "../engine/config-hash.ts";
import { label, resourceLabels } from "../engine/labels.ts";
import type { ObservedResources } from "../engine/observe.ts";
import type { ApplyContext } from "./context.ts";
import { toldWithPlace } from "./told-with-place.ts";
import { withPlace } from "./told-with-place.ts";

/** External networks and volumes must be there: `not-found` otherwise. */
export function requireExternal(
  project: Project,
  resources: ObservedResources,
  used: { readonly networks: ReadonlySet<string>; readonly volumes: ReadonlySet<string> },
): void {
  for (const { key, name, external } of project.networks.values()) {
    if (
      external &&
      used.networks.has(key) &&
      !resources.networks.has(name) &&
      !["host", "none", "bridge"].includes(name)
    )
      throw new BerthError(
        "not-found",
        withPlace(project, ["networks", key], `network ${name} declared as external, but could not be found`),
        { hint: `Make it: docker network create ${name}` },
      );
  }
  for (const { key, name, external } of project.volumes.values()) {
    if (external && used.volumes.has(key) && !resources.volumes.has(name))
      throw new BerthError(
        "not-found",
        withPlace(project, ["volumes", key], `external volume ${JSON.stringify(name)} not found`),
        { hint: `Make it: docker volume create ${name}` },
      );
  }
}

/** Sentences about what is there under a name of the project's and was not made by it. */
export function strangeResources(project: Project, resources: ObservedResources): readonly string[] {
  const strange: string[] = [];
  for (const { name, external } of project.networks.values()) {
    const found = resources.networks.get(name);
    if (!external && found !== undefined && found.Labels?.[label.project] !== project.name)
      strange.push(
        `a network with name ${name} exists but was not created for project ${JSON.stringify(project.name)}.\nSet \`external: true\` to use an existing network`,
      );
  }
  for (const { name, external } of project.volumes.values()) {
    const found = resources.volumes.get(name);
    if (!external && found !== undefined && found[label.project] !== project.name)
      strange.push(
        `volume ${JSON.stringify(name)} already exists but was not created by Docker Compose. Use \`external: true\` to use an existing volume`,
      );
  }
  return strange;
}

export async function createNetwork(context: ApplyContext, network: Network): Promise<void> {
  const id = `Network ${network.name}`;
  context.progress.report(id, "Creating");
  if (!context.dryRun)
    await unlessThere(() =>
      toldWithPlace(
        context.project,
        () => ["networks", network.key],
        () => context.client.networks.create(networkRequest(context.project, network)),
      ),
    );
  context.progress.report(id, "Created", "done");
}

function networkRequest(project: Project, network: Network): NetworkCreateBody {
  const { driver, driver_opts, attachable, enable_ipv4, enable_ipv6, internal, ipam, key, name, labels } = network;
  return {
    Name: name,
    ...(driver === undefined ? {} : { Driver: driver }),
    ...(enable_ipv4 === undefined ? {} : { EnableIPv4: enable_ipv4 }),
    EnableIPv6: enable_ipv6 ?? false,
    Internal: internal ?? false,
    Attachable: attachable ?? false,
    Options: driver_opts ?? {},
    ...(ipam === undefined
      ? {}
      : {
          IPAM: {
            Driver: ipam.driver ?? "default",
            Options: ipam.options ?? {},
            Config: (ipam.config ?? []).map(({ subnet, ip_range, gateway, aux_addresses }) => ({
              Subnet: subnet ?? "",
              ...(ip_range === undefined ? {} : { IPRange: ip_range }),
              ...(gateway === undefined ? {} : { Gateway: gateway }),
              ...(aux_addresses === undefined ? {} : { AuxiliaryAddresses: strings(aux_addresses) }),
            })),
          },
        }),
    Labels: { ...resourceLabels(project.name, label.network, key, labels), [label.configHash]: networkHash(network) },
  };
}

export async function createVolume(context: ApplyContext, volume: Volume): Promise<void> {
  const id = `Volume ${volume.name}`;
  context.progress.report(id, "Creating");
  const { driver, driver_opts, key, name, labels } = volume;
  if (!context.dryRun) {
    const request = {
      Name: name,
      ...(driver === undefined ? {} : { Driver: driver }),
      ...(driver_opts === undefined ? {} : { DriverOpts: driver_opts }),
      Labels: {
        ...resourceLabels(context.project.name, label.volume, key, labels),
        [label.configHash]: volumeHash(volume),
      },
    };
    await toldWithPlace(
      context.project,
      () => ["volumes", key],
      () => context.client.volumes.create(request),
    );
  }
  context.progress.report(id, "Created", "done");
}

/** Another client made it meanwhile: what was wanted is there. */
async function unlessThere(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!isBerthError(error, "conflict")) throw error;
  }
}

const strings = (values: Readonly<Record<string, string | null>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value ?? ""]));
