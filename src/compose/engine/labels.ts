import { scheduleText } from "../model/schedule.ts";
import type { Project, Service } from "../load/project.ts";

/** The labels by which docker compose finds what is a project's; with the same ones either tool takes over from the other. */
export const label = {
  project: "com.docker.compose.project",
  service: "com.docker.compose.service",
  oneOff: "com.docker.compose.oneoff",
  /** Random, of a container of `run`. */
  slug: "com.docker.compose.slug",
  number: "com.docker.compose.container-number",
  configHash: "com.docker.compose.config-hash",
  dependsOn: "com.docker.compose.depends_on",
  image: "com.docker.compose.image",
  configFiles: "com.docker.compose.project.config_files",
  workingDirectory: "com.docker.compose.project.working_dir",
  environmentFiles: "com.docker.compose.project.environment_file",
  network: "com.docker.compose.network",
  volume: "com.docker.compose.volume",
  version: "com.docker.compose.version",
  replaces: "com.docker.compose.replace",
  /** Of containers that run before a service's start: `pre_start`. */
  hook: "com.docker.compose.hook",
  /** Berth's own: the container that such a one runs before, and which step of its service it is, from 0. */
  hookOf: "berth.compose.hook-of",
  hookStep: "berth.compose.hook-step",
  /** Berth's own: when the engine starts it, and whether it makes up for what it missed. */
  schedule: "berth.schedule",
  scheduleMissed: "berth.schedule.missed",
  /** Berth's own: of what is written into the container before its start. */
  filesHash: "berth.compose.files-hash",
} as const;

/** The version of docker compose whose labels and names these are. */
export const composeVersion = "2.40.0";

export type Labels = Readonly<Record<string, string>>;

export interface ContainerIdentity {
  readonly number: number;
  readonly oneOff: boolean;
  readonly configHash: string;
  /** Empty when nothing is written into it. */
  readonly filesHash: string;
  /** Id of the image it is made of. */
  readonly imageId: string;
}

export function containerLabels(project: Project, service: Service, identity: ContainerIdentity): Labels {
  const environmentFiles = project.environmentFiles.join(",");
  return {
    ...service.labels,
    [label.project]: project.name,
    [label.service]: service.name,
    [label.number]: String(identity.number),
    [label.oneOff]: identity.oneOff ? "True" : "False",
    [label.configHash]: identity.configHash,
    ...(identity.filesHash === "" ? {} : { [label.filesHash]: identity.filesHash }),
    ...(identity.oneOff ? {} : scheduleLabels(service)),
    [label.dependsOn]: Object.entries(service.depends_on)
      .map(([name, { condition, restart }]) => `${name}:${condition}:${restart}`)
      .join(","),
    [label.image]: identity.imageId,
    [label.configFiles]: project.files.join(","),
    [label.workingDirectory]: project.workingDirectory,
    ...(environmentFiles === "" ? {} : { [label.environmentFiles]: environmentFiles }),
    [label.version]: composeVersion,
  };
}

/** None without a schedule. */
export function scheduleLabels(service: Service): Labels {
  const { "x-schedule": schedule } = service;
  if (schedule === undefined) return {};
  return {
    [label.schedule]: scheduleText(schedule),
    ...(schedule.missed === "run" ? { [label.scheduleMissed]: "run" } : {}),
  };
}

/** Of a network or a volume of the project; `kind` is the label with its key. */
export function resourceLabels(
  project: string,
  kind: typeof label.network | typeof label.volume,
  key: string,
  own: Readonly<Record<string, string>> | undefined,
): Labels {
  return { ...own, [label.project]: project, [kind]: key, [label.version]: composeVersion };
}

/** `db:service_healthy:false,…` of a container that is there. */
export function dependenciesOf(labels: Labels): readonly string[] {
  const written = labels[label.dependsOn] ?? "";
  return written === "" ? [] : written.split(",").map((item) => item.split(":")[0] ?? "");
}
