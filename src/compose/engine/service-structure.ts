import type { Grant } from "../model/build.ts";
import type { ServiceDevice, Ulimit } from "../model/lists.ts";
import { isCdiName } from "../model/lists.ts";
import { goAs, goBytes, goFlag, goFloat, goInteger, goList, goMap, goPointer, goStruct, goText } from "./go-json.ts";

const words = goList(goText);
const pairs = goMap(goText);
const variables = goMap(goPointer(goText));
const duration = goPointer(goText);

const hook = goStruct(
  { command: goPointer(words), user: goText, privileged: goFlag, working_dir: goText, environment: variables },
  ["command"],
);

const rate = goStruct({ Path: goText, Rate: goBytes }, ["Path", "Rate"]);
const rates = goList(goAs(rate, (item) => capital(item)));
const weights = goList(
  goAs(goStruct({ Path: goText, Weight: goInteger }, ["Path", "Weight"]), (item) => capital(item)),
);

/** Keys without a name of their own in JSON are written as Go spells them. */
const capital = (item: unknown): unknown =>
  Object.fromEntries(
    Object.entries(item as object).map(([key, value]) => [`${key.charAt(0).toUpperCase()}${key.slice(1)}`, value]),
  );

const updates = goPointer(
  goStruct({
    parallelism: goPointer(goInteger),
    delay: goText,
    failure_action: goText,
    monitor: goText,
    max_failure_ratio: goFloat,
    order: goText,
  }),
);

const devices = goList(
  goStruct({ capabilities: words, driver: goText, count: goInteger, device_ids: words, options: pairs }),
);

const resource = goPointer(
  goStruct({
    cpus: goFloat,
    memory: goBytes,
    pids: goInteger,
    devices,
    generic_resources: goList(
      goStruct({ discrete_resource_spec: goPointer(goStruct({ kind: goText, value: goInteger }, ["kind", "value"])) }),
    ),
  }),
);

const deploy = goStruct({
  mode: goText,
  labels: pairs,
  update_config: updates,
  rollback_config: updates,
  resources: goStruct({ limits: resource, reservations: resource }),
  restart_policy: goPointer(
    goStruct({
      condition: goText,
      delay: duration,
      max_attempts: goPointer(goInteger),
      window: duration,
    }),
  ),
  placement: goStruct({
    constraints: words,
    preferences: goList(goStruct({ spread: goText })),
    max_replicas_per_node: goInteger,
  }),
  endpoint_mode: goText,
});

const granted = goStruct({ source: goText, target: goText, uid: goText, gid: goText, mode: goPointer(goInteger) });
const grants = goList(granted);
const secrets = goList(
  goAs(granted, (value) => ({ target: `/run/secrets/${(value as Grant).source}`, ...(value as Grant) })),
);

const endpoint = goStruct({
  priority: goInteger,
  gw_priority: goInteger,
  aliases: words,
  ipv4_address: goText,
  ipv6_address: goText,
  link_local_ips: words,
  mac_address: goText,
  driver_opts: pairs,
  interface_name: goText,
});

/** A network that nothing is said about is null. */
const networks = goMap(
  goPointer(goAs(goPointer(endpoint), (value) => (Object.keys(value as object).length === 0 ? undefined : value))),
);

const mount = goStruct({
  type: goText,
  source: goText,
  target: goText,
  read_only: goFlag,
  consistency: goText,
  bind: goPointer(goStruct({ selinux: goText, propagation: goText, create_host_path: goFlag, recursive: goText })),
  volume: goPointer(goStruct({ nocopy: goFlag, subpath: goText, labels: pairs })),
  tmpfs: goPointer(goStruct({ size: goBytes, mode: goInteger })),
  image: goPointer(goStruct({ subpath: goText })),
});

const port = goStruct({
  name: goText,
  mode: goText,
  host_ip: goText,
  target: goInteger,
  published: goText,
  protocol: goText,
  app_protocol: goText,
});

const ulimit = goAs(
  { encode: (value) => (typeof value === "number" ? String(value) : limits.encode(value)), isEmpty: () => false },
  (value) => {
    const { soft, hard } = value as Ulimit;
    return soft === hard ? soft : value;
  },
);
const limits = goStruct({ soft: goInteger, hard: goInteger });

const hosts = goAs(words, (value) =>
  Object.entries(value as Readonly<Record<string, readonly string[]>>)
    .flatMap(([host, addresses]) => addresses.map((address) => `${host}=${address}`))
    .toSorted(),
);

const hostDevices = goList(
  goAs(goStruct({ source: goText, target: goText, permissions: goText }), (value) => {
    const device = value as ServiceDevice;
    return isCdiName(device.source) ? { ...device, target: device.source } : device;
  }),
);

const watch = goList(
  goStruct(
    {
      path: goText,
      action: goText,
      target: goText,
      exec: hook,
      ignore: words,
      include: words,
      initial_sync: goFlag,
    },
    ["path", "action"],
  ),
);

/**
 * A service as docker compose 2.26 lays it out (compose-go 2.4, types.ServiceConfig). Keys that are younger stand at the
 * end: it refuses files that have them.
 */
export const serviceStructure = goStruct(
  {
    profiles: words,
    annotations: pairs,
    attach: goPointer(goFlag),
    develop: goPointer(goStruct({ watch })),
    blkio_config: goPointer(
      goStruct({
        weight: goInteger,
        weight_device: weights,
        device_read_bps: rates,
        device_read_iops: rates,
        device_write_bps: rates,
        device_write_iops: rates,
      }),
    ),
    cap_add: words,
    cap_drop: words,
    cgroup_parent: goText,
    cgroup: goText,
    cpu_count: goInteger,
    cpu_percent: goFloat,
    cpu_period: goInteger,
    cpu_quota: goInteger,
    cpu_rt_period: goInteger,
    cpu_rt_runtime: goInteger,
    cpus: goFloat,
    cpuset: goText,
    cpu_shares: goInteger,
    command: goPointer(words),
    configs: grants,
    container_name: goText,
    credential_spec: goPointer(goStruct({ config: goText, file: goText, registry: goText })),
    depends_on: goMap(goStruct({ condition: goText, restart: goFlag, required: goFlag }, ["required"])),
    deploy: goPointer(deploy),
    device_cgroup_rules: words,
    devices: hostDevices,
    dns: words,
    dns_opt: words,
    dns_search: words,
    domainname: goText,
    entrypoint: goPointer(words),
    environment: variables,
    expose: words,
    external_links: words,
    extra_hosts: hosts,
    group_add: words,
    gpus: devices,
    hostname: goText,
    healthcheck: goPointer(
      goStruct({
        test: words,
        timeout: duration,
        interval: duration,
        retries: goPointer(goInteger),
        start_period: duration,
        start_interval: duration,
        disable: goFlag,
      }),
    ),
    image: goText,
    init: goPointer(goFlag),
    ipc: goText,
    isolation: goText,
    labels: pairs,
    links: words,
    logging: goPointer(goStruct({ driver: goText, options: pairs })),
    mem_limit: goBytes,
    mem_reservation: goBytes,
    memswap_limit: goBytes,
    mem_swappiness: goBytes,
    mac_address: goText,
    network_mode: goText,
    networks,
    oom_kill_disable: goFlag,
    oom_score_adj: goInteger,
    pid: goText,
    pids_limit: goInteger,
    platform: goText,
    ports: goList(port),
    privileged: goFlag,
    read_only: goFlag,
    restart: goText,
    runtime: goText,
    secrets,
    security_opt: words,
    shm_size: goBytes,
    stdin_open: goFlag,
    stop_grace_period: duration,
    stop_signal: goText,
    storage_opt: pairs,
    sysctls: pairs,
    tmpfs: words,
    tty: goFlag,
    ulimits: goMap(ulimit),
    user: goText,
    userns_mode: goText,
    uts: goText,
    volumes: goList(mount),
    volumes_from: words,
    working_dir: goText,
    post_start: goList(hook),
    pre_stop: goList(hook),
    models: goMap(goPointer(goStruct({ endpoint_var: goText, model_var: goText }))),
    pre_start: goList(hook),
    use_api_socket: goFlag,
  },
  ["command", "entrypoint"],
);
