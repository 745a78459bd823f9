import {
  boolean,
  byteCount,
  duration,
  integer,
  looseText,
  number,
  oneOf,
  path,
  text,
  textLike,
  word,
} from "../shape/scalars.ts";
import {
  anything,
  listOf,
  listOrOne,
  mapOf,
  pairs,
  record,
  short,
  whole,
  type RecordOf,
} from "../shape/collections.ts";
import { mappingNode, scalarNode, sequenceNode, type ComposeNode } from "../source/node.ts";
import { build, grants } from "./build.ts";
import { deploy, develop, deviceRequestShape, hook, initContainer } from "./deploy.ts";
import { environmentFiles, environmentOf } from "./environment.ts";
import { command, devices, extraHosts, oneOrMore, textSet, ulimits, wordSet } from "./lists.ts";
import { mounts } from "./mounts.ts";
import { ports } from "./ports.ts";
import { schedule } from "./schedule.ts";

/** Items become the keys of a mapping to `value`. */
function keyed(value: (item: ComposeNode) => ComposeNode) {
  return (node: ComposeNode): ComposeNode | undefined =>
    node.kind === "sequence"
      ? mappingNode(
          node.items.map((item) => [item.kind === "scalar" ? String(item.value) : "", value(item)] as const),
          node.at,
        )
      : undefined;
}

const dependency = record(
  {
    condition: oneOf("service_started", "service_healthy", "service_completed_successfully"),
    restart: boolean,
    required: boolean,
  },
  { required: ["condition"] },
);

const dependsOn = short(
  mapOf(dependency),
  keyed((item) => mappingNode([["condition", scalarNode("service_started", item.at)]], item.at)),
);

const endpointFields = {
  aliases: textSet,
  interface_name: text,
  ipv4_address: text,
  ipv6_address: text,
  link_local_ips: textSet,
  mac_address: text,
  driver_opts: pairs(looseText, ""),
  gw_priority: integer,
  priority: integer,
} as const;

export type ServiceNetwork = RecordOf<typeof endpointFields>;

const networks = short(
  mapOf(record(endpointFields, { nullable: true })),
  keyed((item) => mappingNode([], item.at)),
);

const healthcheckFields = {
  test: short(listOf(text, { whole: true }), (node) =>
    node.kind === "scalar" && typeof node.value === "string"
      ? sequenceNode([scalarNode("CMD-SHELL", node.at), node], node.at)
      : undefined,
  ),
  interval: duration,
  timeout: duration,
  retries: integer,
  start_period: duration,
  start_interval: duration,
  disable: boolean,
} as const;

const rate = record({ path: text, rate: byteCount }, { required: ["path", "rate"] });
const weight = record({ path: text, weight: integer }, { required: ["path", "weight"] });

const gpus = short(listOf(deviceRequestShape), (node) =>
  node.kind === "scalar" && node.value === "all"
    ? sequenceNode([mappingNode([["count", scalarNode("all", node.at)]], node.at)], node.at)
    : undefined,
);

const extendsShape = short(record({ service: text, file: text }, { required: ["service"] }), (node) =>
  node.kind === "scalar" ? mappingNode([["service", node]], node.at) : undefined,
);

const isPullPolicy = (written: string): boolean =>
  /^(?:always|never|missing|if_not_present|build|daily|weekly|refresh|every_.+)$/u.test(written);

const serviceFields = {
  annotations: pairs(looseText, ""),
  attach: boolean,
  blkio_config: record({
    weight: integer,
    weight_device: listOf(weight),
    device_read_bps: listOf(rate),
    device_read_iops: listOf(rate),
    device_write_bps: listOf(rate),
    device_write_iops: listOf(rate),
  }),
  build,
  cap_add: textSet,
  cap_drop: textSet,
  cgroup: oneOf("host", "private"),
  cgroup_parent: text,
  command,
  configs: grants,
  container_name: textLike("a container's name", (name) => /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/u.test(name)),
  cpu_count: integer,
  cpu_percent: number,
  cpu_period: word,
  cpu_quota: word,
  cpu_rt_period: word,
  cpu_rt_runtime: word,
  cpu_shares: integer,
  cpus: number,
  cpuset: word,
  credential_spec: record({ config: text, file: text, registry: text }),
  depends_on: dependsOn,
  deploy,
  develop,
  device_cgroup_rules: textSet,
  devices,
  dns: oneOrMore,
  dns_opt: textSet,
  dns_search: oneOrMore,
  domainname: text,
  entrypoint: command,
  env_file: environmentFiles,
  environment: environmentOf,
  expose: wordSet,
  extends: extendsShape,
  external_links: textSet,
  extra_hosts: extraHosts,
  gpus,
  group_add: wordSet,
  healthcheck: record(healthcheckFields),
  hostname: text,
  image: text,
  init: boolean,
  ipc: text,
  isolation: text,
  label_file: listOrOne(listOf(path)),
  labels: pairs(looseText, ""),
  links: textSet,
  logging: record({ driver: text, options: whole(mapOf(looseText)) }),
  mac_address: text,
  mem_limit: byteCount,
  mem_reservation: byteCount,
  mem_swappiness: integer,
  memswap_limit: byteCount,
  models: short(
    mapOf(record({ endpoint_var: text, model_var: text }, { nullable: true })),
    keyed((item) => mappingNode([], item.at)),
  ),
  network_mode: text,
  networks,
  oom_kill_disable: boolean,
  oom_score_adj: integer,
  pid: text,
  pids_limit: integer,
  platform: text,
  ports,
  post_start: listOf(hook),
  pre_start: listOf(initContainer),
  pre_stop: listOf(hook),
  privileged: boolean,
  profiles: textSet,
  provider: record({ type: text, options: mapOf(anything) }, { required: ["type"] }),
  pull_policy: textLike("a pull policy: always, never, missing, build, daily, weekly or every_DURATION", isPullPolicy),
  pull_refresh_after: text,
  read_only: boolean,
  restart: textLike("no, always, on-failure[:TIMES] or unless-stopped", (policy) =>
    /^(?:no|always|unless-stopped|on-failure(?::\d+)?)$/u.test(policy),
  ),
  runtime: text,
  scale: integer,
  secrets: grants,
  security_opt: textSet,
  shm_size: byteCount,
  stdin_open: boolean,
  stop_grace_period: duration,
  stop_signal: word,
  storage_opt: mapOf(looseText),
  sysctls: pairs(looseText, ""),
  tmpfs: oneOrMore,
  tty: boolean,
  ulimits,
  use_api_socket: boolean,
  user: word,
  userns_mode: text,
  uts: text,
  volumes: mounts,
  volumes_from: textSet,
  working_dir: text,
  "x-schedule": schedule,
} as const;

/** A service as it is written, in canonical form (05-services.md). */
export type ServiceModel = RecordOf<typeof serviceFields>;

export const service = record(serviceFields);
