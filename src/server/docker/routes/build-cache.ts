import { parseFilters } from "#spec/docker/filters.ts";
import type { Route } from "../call.ts";
import { json } from "../reply.ts";

/** docker-compat: `system prune` sends its filters to every kind of thing, labels to this one too. */
const filterKeys = ["until", "id", "parent", "type", "description", "inuse", "shared", "private", "label", "label!"];

/** The cache of builds: there is none while this engine builds no images, so pruning finds nothing to remove. */
export const buildCacheRoutes: readonly Route[] = [
  {
    method: "POST",
    pattern: "/build/prune",
    handle: ({ query }) => {
      parseFilters(query.maybe("filters"), filterKeys);
      return json({ CachesDeleted: null, SpaceReclaimed: 0 });
    },
  },
];
