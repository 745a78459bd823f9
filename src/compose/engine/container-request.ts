import type { CreateBody } from "#client/containers-api.ts";
import { parseDuration } from "../shape/duration.ts";
import type { Project, Service } from "../load/project.ts";
import { serviceOfMode } from "../load/normalize-service.ts";
import { containerLabels, type ContainerIdentity } from "./labels.ts";
import { endpointsOf } from "./endpoints.ts";
import { mountsOf, volumesFrom, type InheritedVolumes } from "./mounts.ts";
import { defined, resourcesOf } from "./resources.ts";

export interface RequestContext {
  readonly project: Project;
  readonly identity: ContainerIdentity;
  readonly containerName: string;
  readonly image: string;
  readonly inherited: InheritedVolumes;
  readonly useAliases: boolean;
  /** Its input is one client's, and ends with it. */
  readonly attachStdin: boolean;
  /** Mounts of secrets and configurations. */
  readonly grantedMounts: readonly Readonly<Record<string, unknown>>[];
  readonly containerOf: (service: string) => string;
}

/** The body of `POST /containers/create` for a container of the service. */
export function containerRequest(service: Service, context: RequestContext): CreateBody {
  const { networkMode, endpoints } = endpointsOf(service, context);
  const { Binds, Mounts } = mountsOf(service, context.project, context.inherited);
  return defined({
    Hostname: service.hostname,
    Domainname: service.domainname,
    User: service.user,
    ExposedPorts: exposedPorts(service),
    Tty: service.tty ?? false,
    OpenStdin: service.stdin_open ?? false,
    AttachStdin: context.attachStdin,
    StdinOnce: context.attachStdin && service.stdin_open === true,
    Env: environmentList(service.environment),
    Cmd: service.command ?? undefined,
    Entrypoint: service.entrypoint ?? undefined,
    Healthcheck: healthOf(service),
    Image: context.image,
    WorkingDir: service.working_dir,
    Labels: containerLabels(context.project, service, context.identity),
    StopSignal: service.stop_signal,
    StopTimeout: stopSeconds(service),
    HostConfig: defined({
      ...resourcesOf(service),
      Annotations: annotations(service, context),
      Binds,
      Mounts: [...Mounts, ...context.grantedMounts],
      VolumesFrom: volumesFrom(service, (name) => context.containerOf(name)),
      NetworkMode: networkMode,
      PortBindings: portBindings(service),
      RestartPolicy: restartPolicy(service),
      CapAdd: service.cap_add,
      CapDrop: service.cap_drop,
      CgroupnsMode: service.cgroup,
      Dns: service.dns,
      DnsOptions: service.dns_opt,
      DnsSearch: service.dns_search,
      ExtraHosts: Object.entries(service.extra_hosts ?? {}).flatMap(([host, addresses]) =>
        addresses.map((address) => `${host}:${address}`),
      ),
      GroupAdd: service.group_add,
      Init: service.init,
      IpcMode: namespaceOf(service.ipc, context),
      Isolation: service.isolation,
      LogConfig: service.logging && { Type: service.logging.driver ?? "", Config: service.logging.options ?? {} },
      PidMode: namespaceOf(service.pid, context),
      Privileged: service.privileged,
      ReadonlyRootfs: service.read_only,
      Runtime: service.runtime,
      SecurityOpt: service.security_opt,
      ShmSize: service.shm_size,
      StorageOpt: service.storage_opt,
      Sysctls: service.sysctls,
      Tmpfs: service.tmpfs && Object.fromEntries(service.tmpfs.map(tmpfsEntry)),
      UsernsMode: service.userns_mode,
      UTSMode: service.uts,
      VolumeDriver: undefined,
    }),
    NetworkingConfig: { EndpointsConfig: endpoints },
  });
}

export const environmentList = (environment: Readonly<Record<string, string | null>>): readonly string[] =>
  Object.entries(environment).flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`]));

const nanoseconds = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : parseDuration(text);

/** Seconds, rounded up. */
function stopSeconds(service: Service): number | undefined {
  const ns = nanoseconds(service.stop_grace_period);
  return ns === undefined ? undefined : Math.ceil(ns / 1e9);
}

function healthOf({ healthcheck }: Service): Readonly<Record<string, unknown>> | undefined {
  if (healthcheck === undefined) return undefined;
  if (healthcheck.disable === true) return { Test: ["NONE"] };
  return defined({
    Test: healthcheck.test,
    Interval: nanoseconds(healthcheck.interval),
    Timeout: nanoseconds(healthcheck.timeout),
    StartPeriod: nanoseconds(healthcheck.start_period),
    StartInterval: nanoseconds(healthcheck.start_interval),
    Retries: healthcheck.retries,
  });
}

function exposedPorts(service: Service): Readonly<Record<string, object>> | undefined {
  const all = [
    ...(service.expose ?? []).map((written) => (written.includes("/") ? written : `${written}/tcp`)),
    ...(service.ports ?? []).map(({ target, protocol }) => `${target}/${protocol ?? "tcp"}`),
  ];
  return all.length === 0 ? undefined : Object.fromEntries(all.map((port) => [port, {}]));
}

function portBindings(service: Service): Readonly<Record<string, readonly object[]>> {
  const bindings: Record<string, object[]> = {};
  for (const { target, protocol, host_ip, published } of service.ports ?? []) {
    (bindings[`${target}/${protocol ?? "tcp"}`] ??= []).push({ HostIp: host_ip ?? "", HostPort: published ?? "" });
  }
  return bindings;
}

function restartPolicy(service: Service): Readonly<Record<string, unknown>> | undefined {
  if (service.restart !== undefined) {
    const [Name = "", times = "0"] = service.restart.split(":");
    return { Name, MaximumRetryCount: Number(times) };
  }
  const policy = service.deploy?.restart_policy;
  if (policy === undefined) return undefined;
  const names = { none: "no", "on-failure": "on-failure", any: "always" } as const;
  const Name = names[policy.condition ?? "any"];
  return { Name, MaximumRetryCount: Name === "on-failure" ? (policy.max_attempts ?? 0) : 0 };
}

/**
 * Besides the person's own: what the engine restarts it after when it comes up, so that the project keeps its order over a
 * reboot (docs/health.md). Only of what the engine restarts at all.
 */
function annotations(service: Service, context: RequestContext): Readonly<Record<string, string>> | undefined {
  const policy = restartPolicy(service)?.["Name"] ?? "no";
  const after = Object.entries(service.depends_on)
    .filter(([, { required }]) => required)
    .map(([name, { condition }]) => `${context.containerOf(name)}:${enginesWord[condition]}`);
  if (policy === "no" || after.length === 0) return service.annotations;
  return { "berth.restart-after": after.join(","), ...service.annotations };
}

const enginesWord = {
  service_started: "started",
  service_healthy: "healthy",
  service_completed_successfully: "completed",
};

function namespaceOf(mode: string | undefined, context: RequestContext): string | undefined {
  const other = serviceOfMode(mode);
  return other === undefined ? mode : `container:${context.containerOf(other)}`;
}

function tmpfsEntry(written: string): [string, string] {
  const colon = written.indexOf(":");
  return colon === -1 ? [written, ""] : [written.slice(0, colon), written.slice(colon + 1)];
}
