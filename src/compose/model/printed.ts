import { stringify } from "yaml";
import { isExtension } from "../shape/collections.ts";
import { plainValue, type ComposeNode } from "../source/node.ts";
import type { ServiceDeploy } from "./deploy.ts";
import type { Ulimit } from "./lists.ts";
import type { ServiceMount } from "./mounts.ts";
import type { Project, Resource, Service } from "../load/project.ts";

type Json = Readonly<Record<string, unknown>>;

/**
 * A project as `config` prints it: a Compose file in canonical form that reads as the same project. docker-compat: `json` says
 * of some things that they are empty.
 */
export function printedProject(project: Project, format: "yaml" | "json" = "yaml"): Json {
  const resources = (kind: ReadonlyMap<string, Resource>): Json =>
    Object.fromEntries([...kind].toSorted(byKey).map(([key, resource]) => [key, printedResource(resource)]));
  const whole = kept({
    name: project.name,
    services: Object.fromEntries(
      [...project.services].toSorted(byKey).map(([name, service]) => [name, printedService(service, format)]),
    ),
    networks: Object.fromEntries(
      [...project.networks]
        .toSorted(byKey)
        .map(([key, network]) => [key, printedResource(format === "json" ? { ipam: {}, ...network } : network)]),
    ),
    volumes: resources(project.volumes),
    secrets: resources(project.secrets),
    configs: resources(project.configs),
    models: Object.fromEntries(
      [...project.models].toSorted(byKey).map(([key, { key: _key, ...model }]) => [key, model]),
    ),
    ...extensions(project.source),
  });
  return format === "json" ? sortedKeys(whole) : whole;
}

export const asYaml = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : a > b ? 1 : 0;

/** Sizes are texts, as they are written in most files. */
const sizes = ["mem_limit", "mem_reservation", "memswap_limit", "mem_swappiness", "shm_size"] as const;

/** What people keep in `x-` keys of their own. */
const extensions = (source: ComposeNode): Json =>
  source.kind === "mapping"
    ? Object.fromEntries(
        [...source.entries].filter(([key]) => isExtension(key)).map(([key, node]) => [key, plainValue(node)]),
      )
    : {};

/** Of CPU time: a number, or a duration. */
const microseconds = ["cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime"] as const;
const isCount = (written: string | undefined): boolean => /^-?\d+$/u.test(written ?? "");

function printedMount(mount: ServiceMount): unknown {
  if (mount.tmpfs?.size === undefined) return mount;
  return { ...mount, tmpfs: { ...mount.tmpfs, size: String(mount.tmpfs.size) } };
}

/** Rates are texts, as sizes are. */
const printedRates = (config: NonNullable<Service["blkio_config"]>): Json =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key,
      key.startsWith("device_")
        ? (value as readonly { readonly rate: number }[]).map((each) => ({ ...each, rate: String(each.rate) }))
        : value,
    ]),
  );

function printedService(service: Service, format: "yaml" | "json"): Json {
  const { name: _name, env_file: _files, label_file: _labels, depends_on, networks, extra_hosts, ...rest } = service;
  const { secrets, deploy, develop, ulimits, oom_kill_disable } = service;
  const texts = Object.fromEntries(
    sizes.flatMap((key) => (service[key] === undefined ? [] : [[key, String(service[key])]])),
  );
  const all: Json = {
    ...(format === "json" ? { command: null, entrypoint: null } : {}),
    ...rest,
    ...texts,
    ...Object.fromEntries(microseconds.flatMap((key) => (isCount(service[key]) ? [[key, Number(service[key])]] : []))),
    ...(service.blkio_config === undefined ? {} : { blkio_config: printedRates(service.blkio_config) }),
    ...(service.volumes === undefined ? {} : { volumes: service.volumes.map(printedMount) }),
    ...(secrets === undefined
      ? {}
      : { secrets: secrets.map(({ source, ...grant }) => ({ source, target: `/run/secrets/${source}`, ...grant })) }),
    ...(deploy === undefined ? {} : { deploy: printedDeploy(deploy, format) }),
    ...(develop?.watch === undefined || format === "yaml"
      ? {}
      : { develop: { ...develop, watch: develop.watch.map((rule) => ({ exec: { command: null }, ...rule })) } }),
    ...(ulimits === undefined ? {} : { ulimits: printedLimits(ulimits) }),
    oom_kill_disable: oom_kill_disable === true ? true : undefined,
    ...(extra_hosts === undefined
      ? {}
      : {
          extra_hosts: Object.entries(extra_hosts).flatMap(([host, addresses]) =>
            addresses.map((address) => `${host}=${address}`),
          ),
        }),
    depends_on: Object.fromEntries(
      Object.entries(depends_on).map(([other, { condition, restart, required }]) => [
        other,
        { condition, ...(restart ? { restart } : {}), required },
      ]),
    ),
    networks: Object.fromEntries(
      Object.entries(networks)
        .toSorted(byKey)
        .map(([key, endpoint]) => [key, Object.keys(endpoint).length === 0 ? null : endpoint]),
    ),
    environment: sortedKeys(service.environment),
    ...(service.build === undefined ? {} : { build: sortedKeys(service.build) }),
  };
  return kept(sortedKeys(all));
}

function printedDeploy({ resources, ...deploy }: ServiceDeploy, format: "yaml" | "json"): Json {
  const { limits, reservations } = resources ?? {};
  const printed = kept({
    limits: limits && printedLimit(limits),
    reservations: reservations && printedLimit(reservations),
  });
  return {
    ...(format === "json" ? { placement: {}, resources: printed } : kept({ resources: printed })),
    ...deploy,
  };
}

const printedLimit = ({ memory, ...limit }: { readonly memory?: number }): Json => ({
  ...limit,
  ...(memory === undefined ? {} : { memory: String(memory) }),
});

/** One number where both are the same. */
const printedLimits = (limits: Readonly<Record<string, Ulimit>>): Json =>
  Object.fromEntries(
    Object.entries(limits).map(([name, { soft, hard }]) => [name, soft === hard ? soft : { soft, hard }]),
  );

/** docker-compat: in the order of docker compose's own structures. */
const resourceKeys = [
  ...["name", "driver", "driver_opts", "ipam", "file", "environment", "content", "external", "internal", "attachable"],
  ...["labels", "enable_ipv4", "enable_ipv6"],
];

function printedResource({ key: _key, external, ...rest }: Resource): Json {
  const all: Json = { ...rest, external: external || undefined };
  const known = resourceKeys.filter((key) => key in all).map((key) => [key, all[key]] as const);
  return { ...Object.fromEntries(known), ...all };
}

const sortedKeys = (value: Json): Json => Object.fromEntries(Object.entries(value).toSorted(byKey));

/** Without what is undefined or an empty mapping or list. */
function kept(value: Json): Json {
  return Object.fromEntries(
    Object.entries(value).filter(
      ([, item]) =>
        item !== undefined && !(typeof item === "object" && item !== null && Object.keys(item).length === 0),
    ),
  );
}
