import { BerthError } from "#base/errors.ts";
import type { ImageService } from "#image/types.ts";
import type { NetworkService } from "#network/types.ts";
import { patternsOf } from "#spec/docker/filter-patterns.ts";
import { booleanFilter, matchesLabels, type Filters } from "#spec/docker/filters.ts";
import type { Container } from "../container.ts";
import { plannedEndpoints } from "../network/endpoint-plan.ts";
import { portFilter } from "./port-filter.ts";
import type { ContainerRegistry } from "../registry.ts";
import { stateName } from "../state.ts";
import { isLive } from "../status.ts";

export const containerFilterKeys = [
  "ancestor",
  "before",
  "exited",
  "id",
  "isolation",
  "label",
  "name",
  "status",
  "health",
  "since",
  "volume",
  "network",
  "is-task",
  "publish",
  "expose",
] as const;

const states = ["created", "restarting", "running", "removing", "paused", "exited", "dead"];

export interface ListRequest {
  readonly all: boolean;
  /** Newest first, at most so many, also those that do not run; 0 = no limit. */
  readonly limit: number;
  readonly size: boolean;
  readonly filters: Filters;
}

/** Which containers a list shows. `invalid-parameter` for filter values that cannot be. */
export async function containerFilter(
  deps: { readonly registry: ContainerRegistry; readonly images: ImageService; readonly networks: NetworkService },
  request: Pick<ListRequest, "all" | "limit" | "filters">,
  newestFirst: readonly Container[],
): Promise<(container: Container) => boolean> {
  const { filters } = request;
  const wantedStates = values(filters, "status");
  const everything = request.all || request.limit > 0 || wantedStates.length > 0;
  const isShown = ({ status }: Container): boolean => everything || isLive(status) || status.state === "restarting";
  if (filters.size === 0) return isShown;
  for (const state of wantedStates) {
    if (!states.includes(state))
      throw invalid(
        "status",
        `invalid value for state (${state}): must be one of created, dead, exited, paused, removing, restarting, running`,
      );
  }
  for (const health of values(filters, "health")) {
    if (!["starting", "healthy", "unhealthy", "none"].includes(health))
      throw invalid("health", `unrecognised filter value for health: ${health}`);
  }
  const exitCodes = values(filters, "exited").map((text) => {
    if (!/^-?\d+$/.test(text)) throw invalid("exited", `invalid filter 'exited=${text}'`);
    return Number(text);
  });
  const ancestors = await ancestorIds(deps.images, values(filters, "ancestor"));
  const before = positionOf(deps.registry, newestFirst, filters, "before");
  const since = positionOf(deps.registry, newestFirst, filters, "since");
  const position = new Map(newestFirst.map((container, index) => [container.id, index]));
  const networks = await networkNames(deps.networks, filters);
  const names = patternsOf(filters, "name");
  const matchesPorts = await portFilter(deps.networks, filters, newestFirst);
  const noTasks = booleanFilter(filters, "is-task", false);
  return (container) => {
    const { spec, status } = container;
    const at = position.get(container.id) ?? 0;
    if (!isShown(container)) return false;
    if (wantedStates.length > 0 && !wantedStates.includes(stateName(status))) return false;
    if (
      exitCodes.length > 0 &&
      !("exitCode" in status && status.state === "exited" && exitCodes.includes(status.exitCode))
    )
      return false;
    if (ancestors !== undefined && !ancestors.has(spec.image.id)) return false;
    if (before !== undefined && at <= before) return false;
    if (since !== undefined && at >= since) return false;
    return (
      !noTasks &&
      matchesPrefix(filters, "id", container.id) &&
      (names === undefined || names(container.name) || names(`/${container.name}`)) &&
      matchesLabels(filters, spec.config.Labels ?? {}) &&
      matchesAny(filters, "health", [container.life.health?.status ?? "none"]) &&
      (networks === undefined || plannedEndpoints(spec).some(({ network }) => networks.has(network))) &&
      matchesAny(
        filters,
        "volume",
        spec.mounts.flatMap((mount) => [
          mount.target,
          ...(mount.type === "volume" ? [mount.name] : mount.type === "bind" ? [mount.source] : []),
        ]),
      ) &&
      matchesPorts(container)
    );
  };
}

const values = (filters: Filters, key: string): readonly string[] => [...(filters.get(key) ?? [])];
const invalid = (_key: string, message: string): BerthError => new BerthError("invalid-parameter", message);

function matchesAny(filters: Filters, key: string, candidates: readonly string[]): boolean {
  const wanted = values(filters, key);
  return wanted.length === 0 || wanted.some((value) => candidates.includes(value));
}

function matchesPrefix(filters: Filters, key: string, candidate: string): boolean {
  const wanted = values(filters, key);
  return wanted.length === 0 || wanted.some((value) => candidate.startsWith(value));
}

/** The names of the networks that are asked for by name or id. */
async function networkNames(networks: NetworkService, filters: Filters): Promise<ReadonlySet<string> | undefined> {
  const wanted = filters.get("network");
  if (wanted === undefined || wanted.size === 0) return undefined;
  const byId = (await networks.list()).filter(({ id }) => wanted.has(id)).map(({ name }) => name);
  return new Set([...wanted, ...byId]);
}

async function ancestorIds(images: ImageService, wanted: readonly string[]): Promise<ReadonlySet<string> | undefined> {
  if (wanted.length === 0) return undefined;
  const ids = new Set<string>();
  for (const reference of wanted) {
    const ancestor = await images.resolve(reference).catch(() => undefined);
    if (ancestor === undefined) continue;
    const all = (await images.list()).flatMap((image) => [image, ...image.variants]);
    for (const { id, diffIds } of [ancestor, ...ancestor.variants]) {
      ids.add(id);
      for (const image of all) if (startsWith(image.diffIds, diffIds)) ids.add(image.id);
    }
  }
  return ids;
}

const startsWith = (layers: readonly string[], base: readonly string[]): boolean =>
  base.length > 0 && base.every((diffId, index) => layers[index] === diffId);

function positionOf(
  registry: ContainerRegistry,
  newestFirst: readonly Container[],
  filters: Filters,
  key: "before" | "since",
): number | undefined {
  const wanted = values(filters, key);
  if (wanted.length === 0) return undefined;
  const positions = wanted.map((reference) => newestFirst.indexOf(registry.find(reference)));
  return key === "before" ? Math.max(...positions) : Math.min(...positions);
}
