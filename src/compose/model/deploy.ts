import { boolean, byteCount, duration, integer, looseText, number, oneOf, path, text, word } from "../shape/scalars.ts";
import { listOf, pairs, record, short, type RecordOf } from "../shape/collections.ts";
import { scalarNode } from "../source/node.ts";
import { command, oneOrMore, textSet } from "./lists.ts";
import { environmentOf } from "./environment.ts";

/** How many; `all` is -1. */
const deviceCount = short(integer, (node) =>
  node.kind === "scalar" && node.value === "all" ? scalarNode(-1, node.at) : undefined,
);

const deviceRequest = {
  capabilities: listOf(text, { whole: true }),
  count: deviceCount,
  device_ids: textSet,
  driver: text,
  options: pairs(looseText, ""),
} as const;

export type DeviceRequest = RecordOf<typeof deviceRequest>;

/** A request for devices, of `gpus` and of `deploy.resources.reservations.devices`. */
export const deviceRequestShape = record(deviceRequest);

const resourceNumbers = { cpus: number, memory: byteCount, pids: integer } as const;

const changes = {
  parallelism: integer,
  delay: duration,
  failure_action: oneOf("continue", "rollback", "pause"),
  monitor: duration,
  max_failure_ratio: number,
  order: oneOf("start-first", "stop-first"),
} as const;

export type ServiceUpdate = RecordOf<typeof changes>;

const deployFields = {
  mode: oneOf("global", "replicated", "replicated-job", "global-job"),
  replicas: integer,
  endpoint_mode: oneOf("vip", "dnsrr"),
  labels: pairs(looseText, ""),
  placement: record({
    constraints: textSet,
    preferences: listOf(record({ spread: text })),
    max_replicas_per_node: integer,
  }),
  resources: record({
    limits: record(resourceNumbers),
    reservations: record({
      cpus: number,
      memory: byteCount,
      generic_resources: listOf(record({ discrete_resource_spec: record({ kind: text, value: number }) })),
      devices: listOf(deviceRequestShape),
    }),
  }),
  restart_policy: record({
    condition: oneOf("none", "on-failure", "any"),
    delay: duration,
    max_attempts: integer,
    window: duration,
  }),
  update_config: record(changes),
  rollback_config: record(changes),
} as const;

/** `deploy` of a service (deploy.md). */
export const deploy = record(deployFields, { nullable: true });
export type ServiceDeploy = RecordOf<typeof deployFields>;

const hookFields = {
  command,
  user: word,
  privileged: boolean,
  working_dir: text,
  environment: environmentOf,
} as const;

/** A command of `post_start`, `pre_stop` and `develop.watch`, run in the container. */
export const hook = record(hookFields, { required: ["command"] });
export type ServiceHook = RecordOf<typeof hookFields>;

const initFields = { ...hookFields, image: text, per_replica: boolean } as const;

/** A container of `pre_start`, run to its end before the service. */
export const initContainer = record(initFields);
export type InitContainer = RecordOf<typeof initFields>;

const ruleFields = {
  path,
  action: oneOf("rebuild", "restart", "sync", "sync+restart", "sync+exec"),
  target: text,
  ignore: oneOrMore,
  include: oneOrMore,
  initial_sync: boolean,
  exec: hook,
} as const;

/** `develop` of a service (develop.md). */
export const develop = record(
  { watch: listOf(record(ruleFields, { required: ["path", "action"] })) },
  { nullable: true },
);
export type WatchRule = RecordOf<typeof ruleFields>;
