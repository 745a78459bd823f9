import { BerthError, invalid, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { NetworkService } from "#network/types.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import { renameHost } from "#network/files/hosts.ts";
import type { EnginePaths, Files } from "../../ports.ts";
import type { Container } from "../container.ts";
import { linkVariables } from "./link-variables.ts";
import { parseLink } from "./parse-link.ts";
import type { ContainerRegistry } from "../registry.ts";
import type { Link } from "../spec.ts";
import { isLive } from "../status.ts";

/**
 * Links on the default bridge (`--link NAME:ALIAS`): the linked container's ports and variables come into the
 * environment, its address under the alias into /etc/hosts, which follows it when it is started again.
 */
export interface LinkedStart {
  readonly variables: readonly string[];
  /** Lines of /etc/hosts: address, then names. */
  readonly hosts: readonly { readonly address: string; readonly names: string }[];
}

/**
 * The links a new container asks for; the first of an alias wins. `invalid-parameter` in Docker's words. docker-compat: in a
 * network that people made, links are the endpoint's, and those of the container mean nothing.
 */
export function resolveLinks(registry: ContainerRegistry, host: HostConfig): readonly Link[] {
  if (isUserDefined(host.NetworkMode)) return [];
  const links = new Map<string, Link>();
  for (const text of host.Links ?? []) {
    const { name, alias } = parseLink(text);
    const found = name === "" ? undefined : registry.lookup(name);
    if (found === undefined) {
      const why = name === "" ? 'invalid name or ID supplied: ""' : `No such container: ${name}`;
      throw invalid(`could not get container for ${name}: ${why}`);
    }
    const linked = ownerOfNetwork(registry, found);
    if (linked.spec.hostConfig.NetworkMode === "host")
      throw invalid(
        "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
      );
    if (!links.has(alias)) links.set(alias, { containerId: linked.id, name: linked.name, alias });
  }
  return [...links.values()];
}

function isUserDefined(mode: string): boolean {
  return !["default", "bridge", "host", "none"].includes(mode) && !mode.startsWith("container:");
}

function ownerOfNetwork(registry: ContainerRegistry, container: Container): Container {
  const mode = container.spec.hostConfig.NetworkMode;
  return mode.startsWith("container:") ? ownerOfNetwork(registry, registry.find(mode.slice(10))) : container;
}

/** HostConfig.Links as inspect prints them, by the names of now. */
export function linkTexts(registry: ContainerRegistry, container: Container): readonly string[] | null {
  const links = container.life.links ?? [];
  if (links.length === 0) return null;
  return links.map(
    ({ containerId, name, alias }) => `/${registry.lookup(containerId)?.name ?? name}:/${container.name}/${alias}`,
  );
}

/** `parent/alias` for every link that leads to a container, by its id. One look at all containers. */
export function namesByLink(registry: ContainerRegistry): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const parent of registry.all()) {
    for (const { containerId, alias } of parent.life.links ?? []) {
      const known = names.get(containerId) ?? [];
      names.set(containerId, [...known, `${parent.name}/${alias}`]);
    }
  }
  return names;
}

export interface LinkDeps {
  readonly registry: ContainerRegistry;
  readonly networks: NetworkService;
  readonly files: Files;
  readonly paths: EnginePaths;
}

/** What a container that starts gets by its links. `conflict` when a linked one does not run in the default network. */
export async function linkedStart(
  deps: Pick<LinkDeps, "registry" | "networks">,
  container: Container,
): Promise<LinkedStart> {
  const variables: string[] = [];
  const hosts: { address: string; names: string }[] = [];
  if (container.spec.hostConfig.NetworkMode !== "bridge") return { variables, hosts };
  for (const { containerId, name, alias } of container.life.links ?? []) {
    const linked = deps.registry.lookup(containerId);
    if (linked === undefined || !isLive(linked.status)) {
      const known = linked?.name ?? name;
      throw new BerthError(
        "conflict",
        `Cannot link to a non running container: /${known} AS /${container.name}/${alias}`,
      );
    }
    const address = await bridgeAddress(deps.networks, linked);
    if (address === undefined)
      throw new BerthError("conflict", `Cannot link to /${linked.name}, as it does not belong to the default network`);
    const { config } = linked.spec;
    variables.push(
      ...linkVariables({
        parent: container.name,
        alias,
        address,
        exposedPorts: Object.keys(config.ExposedPorts ?? {}),
        env: config.Env ?? [],
      }),
    );
    hosts.push({ address, names: [...new Set([alias, config.Hostname, linked.name])].join(" ") });
  }
  return { variables, hosts };
}

async function bridgeAddress(networks: NetworkService, container: Container): Promise<string | undefined> {
  const endpoints = await networks.endpoints(container.id);
  return endpoints.find(({ networkName }) => networkName === "bridge")?.ipv4;
}

/** Tell running containers that are linked to this one its new address; one that cannot be told is logged. */
export async function updateParents(deps: LinkDeps & { readonly log: Log }, container: Container): Promise<void> {
  const parents = deps.registry
    .all()
    .filter(
      ({ life, status }) =>
        isLive(status) && (life.links ?? []).some(({ containerId }) => containerId === container.id),
    );
  if (parents.length === 0) return;
  const address = await bridgeAddress(deps.networks, container);
  if (address === undefined) return;
  for (const parent of parents) {
    try {
      await tellAddress(deps, parent, container, address);
    } catch (error) {
      deps.log.warn("a linked container does not know a new address", {
        container: parent.id,
        error: messageOf(error),
      });
    }
  }
}

async function tellAddress(
  { files, paths }: Pick<LinkDeps, "files" | "paths">,
  parent: Container,
  { id }: Container,
  address: string,
): Promise<void> {
  const path = paths.containerHosts(parent.id);
  const before = await files.readText(path);
  const links = (parent.life.links ?? []).filter(({ containerId }) => containerId === id);
  const after = links.reduce((text, { alias }) => renameHost(text, alias, address), before);
  if (after !== before) await files.writeText(path, after, 0o644);
}

/**
 * `DELETE /containers/{parent}/{alias}?link=1`. `not-found` for a link that is not there, `conflict` for a name that is a
 * container's own.
 */
export function removeLink(deps: { readonly registry: ContainerRegistry }) {
  return async (reference: string): Promise<void> => {
    const name = reference.replace(/^\//u, "");
    deps.registry.find(name);
    const [parentName = "", alias] = name.split("/");
    if (alias === undefined)
      throw new BerthError("conflict", "Conflict, cannot remove the default link name of the container");
    const parent = deps.registry.find(parentName);
    await parent.lock.run(async () => {
      const links = (parent.life.links ?? []).filter((link) => link.alias !== alias);
      deps.registry.setLife(parent, { ...parent.life, links });
    });
  };
}
