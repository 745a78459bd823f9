import { BerthError } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import { decodeAuthHeader } from "#spec/docker/auth.ts";
import { searchFilterKeys } from "#engine/image/search.ts";
import { imageFilterKeys } from "#engine/image/list.ts";
import { imagePruneKeys } from "#engine/image/prune.ts";
import { parsePlatformParameter } from "#spec/docker/platform-parameter.ts";
import { parseFilters, type Filters } from "#spec/docker/filters.ts";
import type { Platform } from "#spec/oci/platform.ts";
import type { Call, Route } from "../call.ts";
import { empty, json } from "../reply.ts";

export function imageRoutes(engine: Engine): readonly Route[] {
  const { images } = engine;
  const name = (call: Call): string => call.params["name"] ?? "";
  return [
    {
      method: "GET",
      pattern: "/images/json",
      handle: async ({ query, version: { minor } }) => {
        const filters = withNamePattern(
          parseFilters(query.maybe("filters"), imageFilterKeys),
          minor < 41 ? query.text("filter") : "",
        );
        const manifests = minor >= 47 && query.flag("manifests");
        const identity = minor >= 54 && query.flag("identity");
        if (identity && !manifests)
          throw new BerthError("invalid-parameter", "conflicting options: identity requires manifests=1");
        return json(
          await images.list({
            filters,
            all: query.flag("all"),
            sharedSize: minor >= 42 && query.flag("shared-size"),
            manifests,
            identity,
          }),
          "image-list",
        );
      },
    },
    {
      method: "GET",
      pattern: "/images/search",
      handle: async (call) => {
        const { query, signal } = call;
        const filters = parseFilters(query.maybe("filters"), searchFilterKeys);
        const auth = decodeAuthHeader(call.header("x-registry-auth"));
        return json(
          await images.search({ term: query.text("term"), limit: query.integer("limit") ?? 0, filters, auth, signal }),
        );
      },
    },
    {
      method: "GET",
      pattern: "/distribution/{name...}/json",
      handle: async (call) =>
        json(await images.describe(name(call), decodeAuthHeader(call.header("x-registry-auth")), call.signal)),
    },
    {
      method: "POST",
      pattern: "/images/prune",
      handle: async ({ query, signal }) =>
        json(await images.prune(parseFilters(query.maybe("filters"), imagePruneKeys), signal)),
    },
    {
      method: "GET",
      pattern: "/images/{name...}/json",
      handle: async (call) => {
        const manifests = call.version.minor >= 48 && call.query.flag("manifests");
        const platform = platformSince(49, call);
        if (manifests && platform !== undefined)
          throw new BerthError(
            "invalid-parameter",
            "conflicting options: manifests and platform options cannot both be set",
          );
        return json(await images.inspect(name(call), { manifests, platform }), "image-inspect");
      },
    },
    {
      method: "GET",
      pattern: "/images/{name...}/attestations",
      handle: async (call) => {
        if (call.version.minor < 55)
          throw new BerthError(
            "invalid-parameter",
            "GET /images/{name:.*}/attestations requires minimum API version 1.55",
          );
        const platforms = call.query.all("platform");
        if (platforms.length > 1)
          throw new BerthError("invalid-parameter", "only one platform value is currently supported");
        return json(
          await images.attestations(name(call), {
            platform: parsePlatformParameter(platforms[0] ?? ""),
            types: call.query.all("type").flatMap((type) => (type.trim() === "" ? [] : [type.trim()])),
            withStatement: call.query.flag("statement"),
          }),
        );
      },
    },
    {
      method: "GET",
      pattern: "/images/{name...}/history",
      handle: async (call) => json(await images.history(name(call), platformSince(48, call))),
    },
    {
      method: "POST",
      pattern: "/images/{name...}/tag",
      handle: async (call) => {
        await images.tag(name(call), { repository: call.query.text("repo"), tag: call.query.text("tag") });
        return empty(201);
      },
    },
    {
      method: "DELETE",
      pattern: "/images/{name...}",
      handle: async (call) => {
        if (name(call).trim() === "") throw new BerthError("invalid-parameter", "image name cannot be blank");
        return json(
          await images.remove(name(call), {
            force: call.query.flag("force"),
            prune: !call.query.flag("noprune"),
            platforms:
              call.version.minor < 50
                ? []
                : call.query.all("platforms").flatMap((text) => parsePlatformParameter(text) ?? []),
          }),
        );
      },
    },
  ];
}

/** docker-compat: `filter` of the API before 1.41, one more pattern for names. */
function withNamePattern(filters: Filters, pattern: string): Filters {
  if (pattern === "") return filters;
  return new Map([...filters, ["reference", new Set([...(filters.get("reference") ?? []), pattern])]]);
}

/** The `platform` parameter, which API 1.`minor` brought. */
function platformSince(minor: number, { query, version }: Call): Platform | undefined {
  return version.minor < minor ? undefined : parsePlatformParameter(query.text("platform"));
}
