import type { WebReply } from "#host/web/web-server.ts";
import type { PullThrough } from "#registry/cache/pull-through.ts";
import type { RegistryContext } from "#registry/context.ts";
import { ManifestTooLarge } from "#registry/failure.ts";
import { deleteManifest } from "#registry/manifests/delete-manifest.ts";
import { findManifest } from "#registry/manifests/find-manifest.ts";
import { listReferrers } from "#registry/manifests/list-referrers.ts";
import { pullManifest } from "#registry/manifests/pull-manifest.ts";
import { putManifest } from "#registry/manifests/put-manifest.ts";
import type { Call, Route } from "../call.ts";
import { pageLimit } from "../paging.ts";
import { readBytes } from "../read-bytes.ts";
import { empty, json, nextLink } from "../replies.ts";
import { matches } from "./blob-routes.ts";

const path = /^\/v2\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/;
const referrers = /^\/v2\/(?<name>.+)\/referrers\/(?<digest>[^/]+)$/;

/** Manifests and who refers to them: distribution-spec end-3, end-7, end-9, end-12. */
export function manifestRoutes(context: RegistryContext, cache: PullThrough): readonly Route[] {
  return [
    { method: "GET", path, need: "pull", handle: (call) => serveManifest(context, cache, call) },
    { method: "HEAD", path, need: "pull", handle: (call) => serveManifest(context, cache, call) },
    { method: "PUT", path, need: "push", handle: (call) => push(context, call) },
    {
      method: "DELETE",
      path,
      need: "delete",
      handle: ({ params, actor }) => {
        deleteManifest(context, params["name"] ?? "", params["reference"] ?? "", actor);
        return empty(202);
      },
    },
    { method: "GET", path: referrers, need: "pull", handle: (call) => serveReferrers(context, call) },
  ];
}

/** Shown to people by clients (distribution-spec "Warnings"). */
const STALE = '299 - "the upstream registry cannot be asked: this is what the tag pointed to before"';

async function serveManifest(
  context: RegistryContext,
  cache: PullThrough,
  { request, params, actor }: Call,
): Promise<WebReply> {
  const [name, reference] = [params["name"] ?? "", params["reference"] ?? ""];
  const freshness = await cache.manifest(name, reference);
  const manifest = findManifest(context, name, reference);
  const etag = `"${manifest.digest}"`;
  const headers = {
    "Docker-Content-Digest": manifest.digest,
    ETag: etag,
    ...(freshness === "stale" ? { Warning: STALE } : {}),
  };
  if (matches(request.header("if-none-match"), etag)) return { status: 304, headers };
  const content = {
    ...headers,
    "Content-Type": manifest.mediaType,
    "Content-Length": String(manifest.sizeBytes),
  };
  if (request.method === "HEAD") return { status: 200, headers: content };
  return { status: 200, headers: content, body: pullManifest(context, name, reference, manifest, actor) };
}

async function push(context: RegistryContext, { request, params, query, actor }: Call): Promise<WebReply> {
  const repository = params["name"] ?? "";
  const limit = context.settings.maxManifestBytes;
  const bytes = await readBytes(request.body, limit, request.header("content-length"));
  if (bytes === undefined) throw new ManifestTooLarge(limit);
  const pushed = putManifest(context, {
    repository,
    reference: params["reference"] ?? "",
    tags: query.getAll("tag"),
    contentType: request.header("content-type"),
    bytes,
    actor,
  });
  return empty(201, {
    Location: `/v2/${repository}/manifests/${pushed.digest}`,
    "Docker-Content-Digest": pushed.digest,
    ...(pushed.subject === undefined ? {} : { "OCI-Subject": pushed.subject }),
    ...(query.has("tag") ? { "OCI-Tag": pushed.tags.join(", ") } : {}),
  });
}

function serveReferrers(context: RegistryContext, { request, params, query }: Call): WebReply {
  const artifactType = query.get("artifactType") ?? "";
  const limit = Math.max(1, pageLimit(query, context.settings.pageSize));
  const { index, next } = listReferrers(context, params["name"] ?? "", params["digest"] ?? "", {
    artifactType,
    after: query.get("last") ?? "",
    limit,
  });
  const filter: Readonly<Record<string, string>> = artifactType === "" ? {} : { artifactType };
  return json(200, index, {
    "Content-Type": index.mediaType,
    ...(artifactType === "" ? {} : { "OCI-Filters-Applied": "artifactType" }),
    ...(next === undefined ? {} : nextLink(request.path, { ...filter, n: String(limit), last: next })),
  });
}
