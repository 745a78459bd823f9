import { BerthError, isBerthError } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import { volumeFilterKeys } from "#engine/volume/list.ts";
import { volumePruneKeys } from "#engine/volume/prune.ts";
import { parseFilters, type Filters } from "#spec/docker/filters.ts";
import { decodeVolumeCreateRequest } from "#spec/docker/volume.ts";
import type { Call, Route } from "../call.ts";
import type { Query } from "../query.ts";
import { empty, json } from "../reply.ts";

export function volumeRoutes(engine: Engine): readonly Route[] {
  const { volumes } = engine;
  const name = ({ params }: Call): string => params["name"] ?? "";
  return [
    {
      method: "GET",
      pattern: "/volumes",
      handle: async ({ query }) => json(await volumes.list(listFilters(query))),
    },
    {
      method: "POST",
      pattern: "/volumes/create",
      handle: async (call) => {
        const asked = decodeVolumeCreateRequest(await call.json());
        // API 1.42 brought the volumes of swarms.
        const request = call.version.minor < 42 ? { ...asked, ClusterVolumeSpec: null } : asked;
        return json(await volumes.create(request), undefined, 201);
      },
    },
    {
      method: "POST",
      pattern: "/volumes/prune",
      handle: async (call) => json(await volumes.prune(pruneFilters(call), call.signal)),
    },
    {
      method: "PUT",
      pattern: "/volumes/{name}",
      handle: () => {
        const why = "volume update only valid for cluster volumes, but swarm is unavailable";
        throw new BerthError("unavailable", why);
      },
    },
    { method: "GET", pattern: "/volumes/{name}", handle: async (call) => json(await volumes.inspect(name(call))) },
    {
      method: "DELETE",
      pattern: "/volumes/{name}",
      handle: async (call) => {
        await volumes.remove(name(call), { force: call.query.flag("force") });
        return empty(204);
      },
    },
  ];
}

/** docker-compat: here alone it is told whose filters are none. */
function listFilters(query: Query): Filters {
  try {
    return parseFilters(query.maybe("filters"), volumeFilterKeys);
  } catch (error) {
    if (!isBerthError(error, "invalid-parameter") || error.message !== "invalid filter") throw error;
    throw new BerthError("invalid-parameter", `error reading volume filters: ${error.message}`, { cause: error });
  }
}

/** Before API 1.42 named volumes were pruned too. */
function pruneFilters({ query, version }: Call): Filters {
  const filters = parseFilters(query.maybe("filters"), volumePruneKeys);
  if (version.minor >= 42) return filters;
  return new Map([...filters, ["all", new Set([...(filters.get("all") ?? []), "true"])]]);
}
