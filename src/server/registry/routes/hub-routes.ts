import { manifestUnknown } from "#registry/failure.ts";
import type { WebReply } from "#host/web/web-server.ts";
import type { RegistryContext } from "#registry/context.ts";
import type { RepositoryRow } from "#registry/database/repository-rows.ts";
import type { TagRow } from "#registry/database/tag-rows.ts";
import { describeImage } from "#registry/images/describe-image.ts";
import { findRepository } from "#registry/repositories/repository.ts";
import { searchRepositories } from "#registry/search/search-repositories.ts";
import type { Call, Route } from "../call.ts";
import { json } from "../replies.ts";

/** Repositories and tags in the shape of Docker Hub's web API, for programs that read it. Nothing here changes anything. */
export function hubRoutes(context: RegistryContext): readonly Route[] {
  const at = (path: RegExp, need: Route["need"], handle: Route["handle"]): Route => ({
    method: "GET",
    path,
    need,
    handle,
  });
  return [
    at(/^\/v2\/search\/repositories\/?$/, "catalog", (call) => search(context, call)),
    at(/^\/v2\/repositories\/(?<name>.+?)\/tags\/?$/, "pull", (call) => tags(context, call)),
    at(/^\/v2\/repositories\/(?<name>.+?)\/tags\/(?<tag>(?!list$)[^/]+)\/?$/, "pull", (call) => tag(context, call)),
    at(/^\/v2\/repositories\/(?<name>(?!.*\/(?:manifests|blobs|referrers|tags)\/).+?)\/?$/, "pull", ({ params }) =>
      json(200, repositoryShape(findRepository(context, params["name"] ?? ""))),
    ),
  ];
}

const MOST = 100;

interface Page {
  readonly number: number;
  readonly size: number;
}

function pageOf(query: URLSearchParams): Page {
  const whole = (name: string, fallback: number): number =>
    Math.max(1, Math.trunc(Number(query.get(name)) || fallback));
  return { number: whole("page", 1), size: Math.min(whole("page_size", 25), MOST) };
}

/** A page with the addresses of those before and behind it. */
function paged({ request, query, origin }: Call, page: Page, count: number, results: readonly unknown[]): WebReply {
  const address = (number: number): string => {
    const parameters = new URLSearchParams(query);
    parameters.set("page", String(number));
    parameters.set("page_size", String(page.size));
    return `${origin}${request.path}?${parameters.toString()}`;
  };
  const next = page.number * page.size < count ? address(page.number + 1) : null;
  return json(200, { count, next, previous: page.number > 1 ? address(page.number - 1) : null, results });
}

function search(context: RegistryContext, call: Call): WebReply {
  const page = pageOf(call.query);
  const { count, repositories } = searchRepositories(context, call.query.get("query") ?? "", {
    skip: (page.number - 1) * page.size,
    limit: page.size,
    mayPull: (name) => call.mayEver("pull", name),
  });
  const results = repositories.map(({ name, description, pulls }) => ({
    repo_name: name,
    short_description: description,
    star_count: 0,
    pull_count: pulls,
    repo_owner: "",
    is_automated: false,
    is_official: false,
  }));
  return paged(call, page, count, results);
}

function repositoryShape(row: RepositoryRow): Readonly<Record<string, unknown>> {
  const slash = row.name.lastIndexOf("/");
  return {
    name: row.name.slice(slash + 1),
    namespace: slash < 0 ? "" : row.name.slice(0, slash),
    repository_type: "image",
    description: row.description,
    full_description: row.readme,
    pull_count: row.pulls,
    star_count: 0,
    date_registered: new Date(row.createdAtMs).toISOString(),
    last_updated: new Date(row.updatedAtMs).toISOString(),
  };
}

async function tags(context: RegistryContext, call: Call): Promise<WebReply> {
  const { id } = findRepository(context, call.params["name"] ?? "");
  const page = pageOf(call.query);
  const wanted = call.query.get("name") ?? "";
  const all = context.tags.page(id, "", 100_000).filter(({ name }) => name.includes(wanted));
  const newest = all.toSorted((a, b) => b.updatedAtMs - a.updatedAtMs || (a.name < b.name ? -1 : 1));
  const shown = newest.slice((page.number - 1) * page.size, page.number * page.size);
  const results = await Promise.all(shown.map((row) => tagShape(context, id, row)));
  return paged(call, page, all.length, results);
}

async function tag(context: RegistryContext, { params }: Call): Promise<WebReply> {
  const [name, reference] = [params["name"] ?? "", params["tag"] ?? ""];
  const { id } = findRepository(context, name);
  const row = context.tags.find(id, reference);
  if (row === undefined) throw manifestUnknown(name, reference);
  return json(200, await tagShape(context, id, row));
}

async function tagShape(context: RegistryContext, repositoryId: number, row: TagRow): Promise<unknown> {
  const manifest = context.manifests.find(repositoryId, row.digest);
  if (manifest === undefined) return { name: row.name, digest: row.digest, images: [] };
  const { platforms } = await describeImage(context, repositoryId, manifest);
  const pushed = new Date(row.updatedAtMs).toISOString();
  return {
    name: row.name,
    digest: row.digest,
    media_type: manifest.mediaType,
    full_size: platforms[0]?.sizeBytes ?? 0,
    last_updated: pushed,
    tag_last_pushed: pushed,
    last_updater_username: row.updatedBy,
    tag_status: "active",
    images: platforms.map(({ digest, os, architecture, variant, sizeBytes }) => ({
      digest,
      os,
      architecture,
      variant,
      size: sizeBytes,
      status: "active",
      last_pushed: pushed,
    })),
  };
}
