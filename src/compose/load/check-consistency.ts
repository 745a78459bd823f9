import { servicesBuiltBefore } from "../model/build.ts";
import { serviceOfMode } from "./normalize-service.ts";
import type { Project, Service } from "./project.ts";
import { mistakeAt, type ComposeNode, type Place } from "../source/node.ts";

/** What no single key shows: names that lead nowhere, settings that exclude each other, cycles. */
export function checkConsistency(project: Project): void {
  for (const service of project.services.values()) checkService(service, project);
  refuseCycles(project, "depends_on", ({ depends_on }) => Object.keys(depends_on));
  refuseCycles(project, "build", servicesBuiltBefore);
  checkContainerNames(project);
}

const invalid = "invalid compose project";

type Refuse = (key: string, sentence: string, hint?: string) => never;

function checkService(service: Service, project: Project): void {
  const { name } = service;
  const refuse: Refuse = (key, sentence, hint) => {
    throw mistakeAt(
      placeOf(project.source, ["services", name, key]),
      `service ${JSON.stringify(name)} ${sentence}: ${invalid}`,
      hint,
    );
  };
  if (service.image === undefined && service.build === undefined && service.provider === undefined)
    refuse("", "has neither an image nor a build context specified");
  if (service.build?.dockerfile_inline !== undefined && service.build.dockerfile !== undefined)
    refuse("build", "declares mutualy exclusive dockerfile and dockerfile_inline");
  for (const other of servicesBuiltBefore(service)) {
    const base = project.services.get(other) ?? project.disabledServices.get(other);
    if (base === undefined) refuse("build", `takes files from undefined service ${JSON.stringify(other)}`);
    if (base.build === undefined && base.image === undefined)
      refuse("build", `takes files from service ${JSON.stringify(other)}, which has no image`);
  }
  if (service.network_mode !== undefined && Object.keys(service.networks).length > 0)
    refuse("network_mode", "declares mutually exclusive `network_mode` and `networks`");
  for (const network of Object.keys(service.networks)) {
    if (!project.networks.has(network)) refuse("networks", `refers to undefined network ${network}`);
  }
  for (const mount of service.volumes ?? []) {
    if (mount.type === "volume" && mount.source !== undefined && !project.volumes.has(mount.source))
      refuse("volumes", `refers to undefined volume ${mount.source}`);
  }
  for (const { source } of service.configs ?? []) {
    if (!project.configs.has(source)) refuse("configs", `refers to undefined config ${source}`);
  }
  for (const { source } of [...(service.secrets ?? []), ...(service.build?.secrets ?? [])]) {
    if (!project.secrets.has(source)) refuse("secrets", `refers to undefined secret ${source}`);
  }
  for (const model of Object.keys(service.models ?? {})) {
    if (!project.models.has(model)) refuse("models", `refers to undefined model ${model}`);
  }
  checkDependencies(service, project, refuse);
  if (service["x-schedule"] !== undefined && /^(?:always|unless-stopped)$/u.test(service.restart ?? "no"))
    refuse("restart", `is started by schedule and by restart: ${service.restart ?? ""}`);
  if (
    service.scale !== undefined &&
    service.deploy?.replicas !== undefined &&
    service.scale !== service.deploy.replicas
  )
    refuse("scale", "can't set distinct values on 'scale' and 'deploy.replicas'");
  refuseDistinctLimits(service, refuse);
  const replicas = service.scale ?? service.deploy?.replicas ?? 1;
  if (service.container_name !== undefined && replicas > 1)
    refuse("container_name", `can't set container_name and scale to ${replicas}: a name is one container's`);
}

/** What can be said in two places must be the same in both. */
function refuseDistinctLimits(service: Service, refuse: Refuse): void {
  const { limits, reservations } = service.deploy?.resources ?? {};
  const twice = [
    ["cpus", service.cpus, "limits.cpus", limits?.cpus],
    ["mem_limit", service.mem_limit, "limits.memory", limits?.memory],
    ["pids_limit", service.pids_limit, "limits.pids", limits?.pids],
    ["mem_reservation", service.mem_reservation, "reservations.memory", reservations?.memory],
  ] as const;
  for (const [key, own, other, deployed] of twice) {
    if (own !== undefined && deployed !== undefined && own !== deployed)
      refuse(key, `can't set distinct values on '${key}' and 'deploy.resources.${other}'`);
  }
}

function checkDependencies(service: Service, project: Project, refuse: Refuse): void {
  const exists = (name: string): boolean => project.services.has(name);
  for (const [name, { required, condition }] of Object.entries(service.depends_on)) {
    if (project.services.get(name)?.["x-schedule"] !== undefined && condition !== "service_started")
      refuse("depends_on", `waits for service ${JSON.stringify(name)}, which is started by schedule`);
    if (exists(name) || !required) continue;
    if (name === service.name) refuse("depends_on", "depends on itself");
    const profiles = project.disabledServices.get(name)?.profiles;
    const hint =
      profiles === undefined ? undefined : `It is disabled: name it, or one of its profiles (${profiles.join(", ")}).`;
    refuse("depends_on", `depends on undefined service ${JSON.stringify(name)}`, hint);
  }
  for (const mode of [service.network_mode, service.ipc, service.pid]) {
    const other = serviceOfMode(mode);
    if (other !== undefined && !exists(other))
      refuse("", `refers to undefined service ${JSON.stringify(other)} by ${mode}`);
  }
}

function refuseCycles(
  { services, source }: Project,
  key: string,
  dependenciesOf: (service: Service) => readonly string[],
): void {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    const at = path.indexOf(name);
    if (at !== -1)
      throw mistakeAt(
        placeOf(source, ["services", name, key]),
        `dependency cycle detected: ${[...path.slice(at), name].join(" -> ")}`,
      );
    if (done.has(name)) return;
    const service = services.get(name);
    for (const next of service === undefined ? [] : dependenciesOf(service)) {
      if (services.has(next)) visit(next, [...path, name]);
    }
    done.add(name);
  };
  for (const name of services.keys()) visit(name, []);
}

function checkContainerNames({ services, source }: Project): void {
  const taken = new Map<string, string>();
  for (const { name, container_name: wanted } of services.values()) {
    if (wanted === undefined) continue;
    const other = taken.get(wanted);
    if (other !== undefined)
      throw mistakeAt(
        placeOf(source, ["services", name, "container_name"]),
        `services ${JSON.stringify(other)} and ${JSON.stringify(name)} have the same container_name ${JSON.stringify(wanted)}: ${invalid}`,
      );
    taken.set(wanted, name);
  }
}

/** Where a key (in a sequence: its number from 0) stands, or the nearest key above that is written. */
export function placeOf(node: ComposeNode, keys: readonly string[]): Place {
  let found = node;
  for (const key of keys) {
    const next =
      found.kind === "mapping"
        ? found.entries.get(key)
        : found.kind === "sequence"
          ? found.items[Number(key)]
          : undefined;
    if (next === undefined || next.at.line === 0) break;
    found = next;
  }
  return found.at;
}
