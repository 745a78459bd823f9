import { Limit } from "#base/async.ts";
import { isDigest } from "#base/digest.ts";
import type { WebReply } from "#host/web/web-server.ts";
import { ALL_ACTIONS, type Action } from "#registry/access/rights.ts";
import type { RepositoryRow } from "#registry/database/repository-rows.ts";
import { denied, manifestUnknown, nameUnknown } from "#registry/failure.ts";
import { describeImage } from "#registry/images/describe-image.ts";
import { listImageFiles, type ImageFiles } from "#registry/images/list-image-files.ts";
import { deleteManifest } from "#registry/manifests/delete-manifest.ts";
import { findManifest } from "#registry/manifests/find-manifest.ts";
import { setTag } from "#registry/manifests/set-tag.ts";
import { readmeOf } from "#registry/repositories/readme.ts";
import { findRepository } from "#registry/repositories/repository.ts";
import { searchRepositories } from "#registry/search/search-repositories.ts";
import { actorOf } from "../gate.ts";
import { page, seeOther } from "./layout.ts";
import type { PageDeps, PageRoute, Visit } from "./visit.ts";
import { browseView } from "./views/browse-view.ts";
import { filesView } from "./views/files-view.ts";
import { repositoryView } from "./views/repository-view.ts";
import { deleteView, tagView } from "./views/tag-view.ts";
import { inPath } from "./words.ts";

const PAGE_SIZE = 30;
const MOST_TAGS = 100;
const MOST_CHANGES = 100;

/** Pages about what the registry has. */
export function contentPages(deps: PageDeps): readonly PageRoute[] {
  const tag = /^\/ui\/r\/(?<name>.+)\/tags\/(?<tag>[^/]+)$/;
  const deletion = /^\/ui\/r\/(?<name>.+)\/tags\/(?<tag>[^/]+)\/delete$/;
  const listings = new Listings(deps);
  return [
    { method: "GET", path: /^\/ui\/$/, show: (visit) => browse(deps, visit) },
    {
      method: "GET",
      path: /^\/ui\/r\/(?<name>.+)\/files\/(?<digest>[^/]+)$/,
      show: (visit) => showFiles(deps, listings, visit),
    },
    {
      method: "POST",
      path: /^\/ui\/r\/(?<name>.+)\/tags\/(?<tag>[^/]+)\/copy$/,
      show: (visit) => copyTag(deps, visit),
    },
    { method: "GET", path: deletion, show: (visit) => askDelete(deps, visit) },
    { method: "POST", path: deletion, show: (visit) => deleteTag(deps, visit) },
    { method: "GET", path: tag, show: (visit) => showTag(deps, visit) },
    { method: "GET", path: /^\/ui\/r\/(?<name>.+)$/, show: (visit) => showRepository(deps, visit) },
  ];
}

function browse({ context, access }: PageDeps, { call, viewer, identity }: Visit): WebReply {
  const query = (call.query.get("q") ?? "").trim();
  const number = Math.max(1, Math.trunc(Number(call.query.get("page")) || 1));
  const found = searchRepositories(context, query, {
    skip: (number - 1) * PAGE_SIZE,
    limit: PAGE_SIZE,
    mayPull: (name) => access.mayEver(identity, "pull", name),
  });
  const title = query === "" ? "Repositories" : `Search: ${query}`;
  return page(viewer, title, browseView(found, query, number, PAGE_SIZE), { query });
}

/** The repository that the path names, if the visitor may see it: what one may not see is not there. */
function visibleRepository({ context, access }: PageDeps, { call, identity }: Visit): RepositoryRow {
  const name = call.params["name"] ?? "";
  const row = findRepository(context, name);
  if (!access.mayEver(identity, "pull", name)) throw nameUnknown(name);
  return row;
}

function may({ access }: PageDeps, { identity, call }: Visit, action: Action): boolean {
  return ALL_ACTIONS.includes(action) && access.mayEver(identity, action, call.params["name"] ?? "");
}

async function showRepository(deps: PageDeps, visit: Visit): Promise<WebReply> {
  const { context } = deps;
  const row = visibleRepository(deps, visit);
  const tags = context.tags
    .page(row.id, "", 100_000)
    .toSorted((a, b) => b.updatedAtMs - a.updatedAtMs || (a.name < b.name ? -1 : 1));
  const lines = [];
  for (const tag of tags.slice(0, MOST_TAGS)) {
    const manifest = context.manifests.find(row.id, tag.digest);
    if (manifest !== undefined) lines.push({ tag, image: await describeImage(context, row.id, manifest) });
  }
  const options = { host: visit.host, more: tags.length - lines.length, readme: await readmeOf(context, row) };
  return page(visit.viewer, row.name, repositoryView(row, lines, options));
}

async function showTag(deps: PageDeps, visit: Visit): Promise<WebReply> {
  const { context } = deps;
  const { id, name } = visibleRepository(deps, visit);
  const tag = visit.call.params["tag"] ?? "";
  const manifest = findManifest(context, name, tag);
  const view = tagView({
    repository: name,
    tag,
    image: await describeImage(context, id, manifest),
    history: context.tags.history(id, tag, MOST_CHANGES),
    referrers: context.manifests.referrers(id, manifest.digest, { after: "", artifactType: "", limit: 100 }),
    host: visit.host,
    mayPush: may(deps, visit, "push"),
    mayDelete: may(deps, visit, "delete"),
  });
  return page(visit.viewer, `${name}:${tag}`, view);
}

/** What the tag points to gets another tag too, or an existing tag moves to it. */
function copyTag(deps: PageDeps, visit: Visit): WebReply {
  const { context } = deps;
  const { name } = visibleRepository(deps, visit);
  if (!may(deps, visit, "push")) throw denied("you may not set tags here");
  const { digest } = findManifest(context, name, visit.call.params["tag"] ?? "");
  const to = visit.form.get("tag") ?? "";
  setTag(context, name, to, digest, actorOf(visit.identity, visit.call.request));
  return seeOther(`/ui/r/${inPath(name)}/tags/${to}`);
}

function askDelete(deps: PageDeps, visit: Visit): WebReply {
  const { name } = visibleRepository(deps, visit);
  const tag = visit.call.params["tag"] ?? "";
  findManifest(deps.context, name, tag);
  return page(visit.viewer, `Delete ${name}:${tag}`, deleteView(name, tag));
}

function deleteTag(deps: PageDeps, visit: Visit): WebReply {
  const { name } = visibleRepository(deps, visit);
  if (!may(deps, visit, "delete")) throw denied("you may not delete here");
  deleteManifest(deps.context, name, visit.call.params["tag"] ?? "", actorOf(visit.identity, visit.call.request));
  return seeOther(`/ui/r/${inPath(name)}`);
}

async function showFiles(deps: PageDeps, listings: Listings, visit: Visit): Promise<WebReply> {
  const { name, id } = visibleRepository(deps, visit);
  const digest = visit.call.params["digest"] ?? "";
  if (!isDigest(digest) || deps.context.manifests.find(id, digest) === undefined) throw manifestUnknown(name, digest);
  const folder = (visit.call.query.get("path") ?? "").split("/").filter((part) => part !== "");
  const view = filesView(name, digest, folder, await listings.of(id, digest));
  return page(visit.viewer, `Files of ${name}`, view);
}

const KEPT_LISTINGS = 4;
const LISTED_AT_ONCE = 2;

/** The listings of the images looked at last: reading layers takes a while, and people walk through folders. */
class Listings {
  readonly #deps: PageDeps;
  readonly #limit = new Limit(LISTED_AT_ONCE);
  readonly #kept = new Map<string, Promise<ImageFiles>>();

  constructor(deps: PageDeps) {
    this.#deps = deps;
  }

  async of(repositoryId: number, digest: string): Promise<ImageFiles> {
    const { context } = this.#deps;
    const known = this.#kept.get(digest);
    if (known !== undefined) return known;
    const manifest = context.manifests.find(repositoryId, digest);
    const image = manifest === undefined ? undefined : await describeImage(context, repositoryId, manifest);
    const layers = image?.platforms[0]?.layers.map((layer) => layer.digest) ?? [];
    const present = layers.filter((layer) => context.blobs.linked(repositoryId, layer) !== undefined);
    const listing = this.#limit.run(() => listImageFiles(context, present));
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size >= KEPT_LISTINGS && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(digest, listing);
    listing.catch(() => this.#kept.delete(digest));
    return listing;
  }
}
