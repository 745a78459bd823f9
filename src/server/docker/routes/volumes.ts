import { BerthError } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import { volumeFilterKeys } from "#engine/volume/list.ts";
import { volumePruneKeys } from "#engine/volume/prune.ts";
import { parseFilters, type Filters } from "#spec/docker/filters.ts";
import { decodeVolumeCreateRequest } from "#spec/docker/volume.ts";
import type { Call, Route } from "../call.ts";
import { empty, json } from "../reply.ts";

export function volumeRoutes(engine: Engine): readonly Route[] {
  const { volumes } = engine;
  const name = ({ params }: Call): string => params["name"] ?? "";
  return [
    {
      method: "GET",
      pattern: "/volumes",
      handle: async ({ query }) => json(await volumes.list(parseFilters(query.maybe("filters"), volumeFilterKeys))),
    },
    {
      method: "POST",
      pattern: "/volumes/create",
      handle: async (call) => {
        const body = await call.json();
        if (body === undefined) {
          throw new BerthError("invalid-parameter", "invalid JSON: got EOF while reading request body");
        }
        return json(await volumes.create(decodeVolumeCreateRequest(body)), undefined, 201);
      },
    },
    {
      method: "POST",
      pattern: "/volumes/prune",
      handle: async (call) => json(await volumes.prune(pruneFilters(call), call.signal)),
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

/** Before API 1.42 named volumes were pruned too. */
function pruneFilters({ query, version }: Call): Filters {
  const filters = parseFilters(query.maybe("filters"), volumePruneKeys);
  return version.minor < 42 ? new Map([...filters, ["all", new Set(["true"])]]) : filters;
}
