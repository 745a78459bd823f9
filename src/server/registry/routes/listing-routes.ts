import type { WebReply } from "#host/web/web-server.ts";
import type { RegistryContext } from "#registry/context.ts";
import { listRepositories } from "#registry/repositories/list-repositories.ts";
import { listTags } from "#registry/tags/list-tags.ts";
import type { Catalog, TagList } from "#spec/oci/distribution.ts";
import type { Call, Route } from "../call.ts";
import { pageLimit } from "../paging.ts";
import { json, nextLink } from "../replies.ts";

/** What there is: end-1, end-8 of the distribution-spec, and Docker's catalog. */
export function listingRoutes(context: RegistryContext): readonly Route[] {
  return [
    { method: "GET", path: /^\/v2\/?$/, need: "sign-in", handle: () => json(200, {}) },
    { method: "HEAD", path: /^\/v2\/?$/, need: "sign-in", handle: () => ({ status: 200, headers: {} }) },
    { method: "GET", path: /^\/v2\/_catalog$/, need: "catalog", handle: (call) => catalog(context, call) },
    // distribution-spec "extensions": there are none.
    {
      method: "GET",
      path: /^\/v2\/_oci\/ext\/discover$/,
      need: "sign-in",
      handle: () => json(200, { extensions: [] }),
    },
    {
      method: "GET",
      path: /^\/v2\/(?<name>.+)\/tags\/list$/,
      need: "pull",
      handle: (call) => tags(context, call),
    },
  ];
}

function tags(context: RegistryContext, { request, params, query }: Call): WebReply {
  const name = params["name"] ?? "";
  const limit = pageLimit(query, context.settings.pageSize);
  const { names, next } = listTags(context, name, { after: query.get("last") ?? "", limit });
  const body: TagList = { name, tags: names };
  return json(200, body, next === undefined ? {} : nextLink(request.path, { n: String(limit), last: next }));
}

function catalog(context: RegistryContext, { request, query, mayEver }: Call): WebReply {
  const limit = pageLimit(query, context.settings.pageSize);
  const after = query.get("last") ?? "";
  const { names, next } = listRepositories(context, { after, limit, mayPull: (name) => mayEver("pull", name) });
  const body: Catalog = { repositories: names };
  return json(200, body, next === undefined ? {} : nextLink(request.path, { n: String(limit), last: next }));
}
