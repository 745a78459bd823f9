import type { Engine } from "#engine/engine.ts";
import { networkFilterKeys } from "#engine/network/list.ts";
import { parseFilters } from "#spec/docker/filters.ts";
import type { Route } from "../call.ts";
import { json } from "../reply.ts";

/** Looking at the networks there are; making some is a feature of its own. */
export function networkRoutes(engine: Engine): readonly Route[] {
  const { networks } = engine;
  return [
    {
      method: "GET",
      pattern: "/networks",
      handle: async ({ query }) => json(await networks.list(parseFilters(query.maybe("filters"), networkFilterKeys))),
    },
    {
      method: "GET",
      pattern: "/networks/{id}",
      handle: async ({ params }) => json(await networks.inspect(params["id"] ?? "")),
    },
  ];
}
