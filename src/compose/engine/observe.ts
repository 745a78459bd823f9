import type { EngineClient } from "#client/engine-client.ts";
import type { ContainerSummary } from "#spec/docker/container.ts";
import type { NetworkResource } from "#spec/docker/network.ts";
import { label, type Labels } from "./labels.ts";

/** A container of a project as the engine has it. */
export interface ObservedContainer {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly number: number;
  readonly oneOff: boolean;
  readonly configHash: string;
  /** Empty when nothing was written into it. */
  readonly filesHash: string;
  readonly imageId: string;
  readonly state: ContainerSummary["State"];
  readonly labels: Labels;
  /** Unix seconds. */
  readonly created: number;
  /** Names of its networks. */
  readonly networks: readonly string[];
  /** Volumes without a name of a person's, by target. */
  readonly anonymousVolumes: ReadonlyMap<string, string>;
  readonly summary: ContainerSummary;
}

export const isUp = ({ state }: ObservedContainer): boolean =>
  state === "running" || state === "paused" || state === "restarting";

/**
 * Every container of the project, running or not, in the order of services and numbers; with `oneOff` those of `run`, with
 * `hooks` those that ran before a service's start and are kept.
 */
export async function observeContainers(
  client: EngineClient,
  project: string,
  options: { readonly oneOff?: boolean; readonly hooks?: boolean } = {},
): Promise<readonly ObservedContainer[]> {
  const found = await client.containers.list({ all: true, filters: { label: [`${label.project}=${project}`] } });
  return found
    .filter(
      ({ Labels }) =>
        Labels[label.service] !== undefined && (options.hooks === true || Labels[label.hook] === undefined),
    )
    .map(observed)
    .filter(({ oneOff }) => options.oneOff === true || !oneOff)
    .toSorted((a, b) =>
      a.service < b.service ? -1 : a.service > b.service ? 1 : a.number - b.number || a.created - b.created,
    );
}

function observed(summary: ContainerSummary): ObservedContainer {
  const { Id, Names, Labels, State, Created, NetworkSettings, Mounts, ImageID } = summary;
  return {
    id: Id,
    name: (Names[0] ?? Id.slice(0, 12)).replace(/^\//u, ""),
    service: Labels[label.service] ?? "",
    number: Number(Labels[label.number] ?? "1"),
    oneOff: Labels[label.oneOff] === "True",
    configHash: Labels[label.configHash] ?? "",
    filesHash: Labels[label.filesHash] ?? "",
    imageId: Labels[label.image] ?? ImageID,
    state: State,
    labels: Labels,
    created: Created,
    networks: Object.keys(NetworkSettings.Networks),
    anonymousVolumes: new Map(
      Mounts.flatMap(({ Type, Name, Destination }) =>
        Type === "volume" && Name !== undefined && /^[0-9a-f]{64}$/u.test(Name) ? [[Destination, Name] as const] : [],
      ),
    ),
    summary,
  };
}

/** The project's networks and volumes, external ones too when they are named. */
export interface ObservedResources {
  readonly networks: ReadonlyMap<string, NetworkResource>;
  /** Labels by name. */
  readonly volumes: ReadonlyMap<string, Labels>;
}

export async function observeResources(client: EngineClient): Promise<ObservedResources> {
  const [networks, volumes] = await Promise.all([client.networks.list(), client.volumes.list()]);
  return {
    networks: new Map(networks.map((network) => [network.Name, network])),
    volumes: new Map(volumes.map(({ Name, Labels }) => [Name, Labels ?? {}])),
  };
}
