import type { WebReply } from "#host/web/web-server.ts";
import type { RegistryContext } from "#registry/context.ts";
import { searchRepositories } from "#registry/search/search-repositories.ts";
import type { Call, Route } from "../call.ts";
import { json } from "../replies.ts";

/**
 * Search as Docker's engine asks an index for it (Engine API `GET /images/search`; moby's registry package): a probe, then
 * `/v1/search?q=&n=`. So `docker search HOST:PORT/TERM` works.
 */
export function searchRoutes(context: RegistryContext): readonly Route[] {
  return [
    {
      method: "GET",
      path: /^\/v1\/_ping$/,
      need: "nothing",
      handle: () => json(200, { standalone: true }, { "X-Docker-Registry-Standalone": "true" }),
    },
    { method: "GET", path: /^\/v1\/search$/, need: "catalog", handle: (call) => search(context, call) },
  ];
}

const DEFAULT_LIMIT = 25;
const MOST = 100;

function search(context: RegistryContext, { query, mayEver }: Call): WebReply {
  const term = query.get("q") ?? "";
  const limit = Math.min(Math.max(Number(query.get("n")) || DEFAULT_LIMIT, 1), MOST);
  const found = searchRepositories(context, term, { skip: 0, limit, mayPull: (name) => mayEver("pull", name) });
  const results = found.repositories.map(({ name, description }) => ({
    name,
    description,
    star_count: 0,
    is_official: false,
    is_automated: false,
  }));
  return json(200, { num_results: found.count, query: term, page_size: limit, page: 1, results });
}
