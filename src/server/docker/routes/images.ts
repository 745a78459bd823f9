import { BerthError, messageOf } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import { imageFilterKeys } from "#engine/image/list.ts";
import { decodeAuthHeader } from "#spec/docker/auth.ts";
import { imagePruneKeys } from "#engine/image/prune.ts";
import { parseFilters } from "#spec/docker/filters.ts";
import { parsePlatformParameter } from "#spec/docker/platform-parameter.ts";
import { jsonMessageError, jsonMessageLine, type JsonMessage } from "#spec/docker/json-message.ts";
import type { Call, Route } from "../call.ts";
import { empty, json, stream, type Reply } from "../reply.ts";

export function imageRoutes(engine: Engine): readonly Route[] {
  const { images } = engine;
  const name = (call: Call): string => call.params["name"] ?? "";
  return [
    { method: "POST", pattern: "/images/create", handle: (call) => create(engine, call) },
    {
      method: "GET",
      pattern: "/images/json",
      handle: async ({ query }) => {
        const filters = parseFilters(query.maybe("filters"), imageFilterKeys);
        return json(await images.list({ filters, sharedSize: query.flag("shared-size") }), "image-list");
      },
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
      handle: async (call) => json(await images.inspect(name(call)), "image-inspect"),
    },
    {
      method: "GET",
      pattern: "/images/{name...}/history",
      handle: async (call) => json(await images.history(name(call))),
    },
    { method: "POST", pattern: "/images/{name...}/push", handle: (call) => push(engine, call) },
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
          await images.remove(name(call), { force: call.query.flag("force"), prune: !call.query.flag("noprune") }),
        );
      },
    },
  ];
}

function create(engine: Engine, call: Call): Reply {
  const { query, signal } = call;
  const fromImage = query.text("fromImage");
  if (query.text("fromSrc") !== "" || fromImage === "") {
    throw new BerthError("not-implemented", "not supported by this engine yet: POST /images/create?fromSrc (import)");
  }
  const tag = query.text("tag");
  const reference = tag === "" ? fromImage : `${fromImage}${tag.includes(":") ? "@" : ":"}${tag}`;
  const platform = query.text("platform");
  const auth = decodeAuthHeader(call.header("x-registry-auth"));
  const lines = progressLines((onProgress) =>
    engine.images.pull({
      reference,
      // docker-compat: a name without tag or digest means every tag; the CLI always sends one.
      allTags: tag === "" && !/[:@][^/]*$/.test(fromImage),
      auth,
      platform,
      onProgress,
      signal,
    }),
  );
  return stream("application/json", false, lines);
}

function push(engine: Engine, call: Call): Reply {
  const { query, signal } = call;
  const name = call.params["name"] ?? "";
  const tag = query.text("tag");
  const platform = parsePlatformParameter(query.text("platform"));
  const auth = decodeAuthHeader(call.header("x-registry-auth"));
  const compression = query.text("compression");
  if (compression !== "" && compression !== "gzip" && compression !== "zstd")
    throw new BerthError("invalid-parameter", `invalid compression ${JSON.stringify(compression)}: gzip or zstd`);
  const lines = progressLines((onProgress) =>
    engine.images.push({
      reference: tag === "" ? name : `${name}:${tag}`,
      auth,
      platform,
      ...(compression === "" ? {} : { compression }),
      onProgress,
      onPushed: ({ tag: Tag, digest: Digest, sizeBytes: Size }) =>
        onProgress({ progressDetail: {}, aux: { Tag, Digest, Size } }),
      signal,
    }),
  );
  return stream("application/json", false, lines);
}

/**
 * Progress as it comes, one JSON text a line. A failure before the first line is thrown, and answered with its status;
 * after it, it is the last line.
 */
export async function* progressLines(
  work: (report: (message: JsonMessage) => void) => Promise<void>,
): AsyncGenerator<string> {
  const queue: JsonMessage[] = [];
  let wake = (): void => {};
  let outcome: { readonly error?: unknown } | undefined;
  const finish = (result: { readonly error?: unknown }): void => {
    outcome = result;
    wake();
  };
  work((message) => {
    queue.push(message);
    wake();
  }).then(
    () => finish({}),
    (error: unknown) => finish({ error }),
  );
  for (let spoken = false; ;) {
    if (queue.length > 0) {
      yield queue.splice(0).map(jsonMessageLine).join("");
      spoken = true;
    } else if (outcome !== undefined) {
      if (!("error" in outcome)) return;
      if (!spoken) throw outcome.error;
      yield jsonMessageLine(jsonMessageError(messageOf(outcome.error)));
      return;
    } else await new Promise<void>((resolve) => (wake = resolve));
  }
}
