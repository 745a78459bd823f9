import { BerthError } from "#base/errors.ts";
import { booleanFilter, parseFilters } from "#spec/docker/filters.ts";
import type { Call, Route } from "../call.ts";
import { json, type Reply } from "../reply.ts";

/** Verbs on an installed plugin. */
const ofInstalled = [
  ["GET", "/plugins/{name...}/json"],
  ["DELETE", "/plugins/{name...}"],
  ["POST", "/plugins/{name...}/disable"],
  ["POST", "/plugins/{name...}/enable"],
  ["POST", "/plugins/{name...}/push"],
  ["POST", "/plugins/{name...}/set"],
  ["POST", "/plugins/{name...}/upgrade"],
] as const;

/** What would install one: also the question for its privileges, which people are asked to grant before the rest is refused. */
const installing = [
  ["GET", "/plugins/privileges"],
  ["POST", "/plugins/pull"],
  ["POST", "/plugins/create"],
] as const;

/** Plugins that are images cannot be installed, so there are none; those of volumes are programs beside the engine. */
export const pluginRoutes: readonly Route[] = [
  { method: "GET", pattern: "/plugins", handle: list },
  ...installing.map(([method, pattern]): Route => ({
    method,
    pattern,
    handle: () => {
      throw new BerthError(
        "not-implemented",
        `not supported by this engine: plugins that are images, ${method} ${pattern}`,
        {
          hint: "Plugins of volumes run as programs beside the engine.",
        },
      );
    },
  })),
  ...ofInstalled.map(([method, pattern]): Route => ({ method, pattern, handle: notFound })),
];

function list({ query }: Call): Reply {
  const filters = parseFilters(query.maybe("filters"), ["capability", "enabled"]);
  booleanFilter(filters, "enabled", true);
  return json([]);
}

function notFound({ params }: Call): never {
  throw new BerthError("not-found", `plugin ${JSON.stringify(params["name"] ?? "")} not found`);
}
