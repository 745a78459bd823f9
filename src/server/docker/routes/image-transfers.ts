import { BerthError } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import { decodeAuthHeader } from "#spec/docker/auth.ts";
import { withParameter } from "#engine/image/tagged.ts";
import { parsePlatformParameter } from "#spec/docker/platform-parameter.ts";
import type { Platform } from "#spec/oci/platform.ts";
import type { Call, Route } from "../call.ts";
import { progressLines } from "../progress-lines.ts";
import { stream, type Reply } from "../reply.ts";

const TAR = "application/x-tar";
const JSON_LINES = "application/json";

/** Images from registries, archives and tars, and to them. */
export function imageTransferRoutes(engine: Engine): readonly Route[] {
  const { images } = engine;
  return [
    { method: "POST", pattern: "/images/create", handle: (call) => create(engine, call) },
    { method: "POST", pattern: "/images/load", handle: (call) => load(engine, call) },
    {
      method: "GET",
      pattern: "/images/get",
      handle: async (call) => stream(TAR, true, await images.save(call.query.all("names"), platforms(call))),
    },
    {
      method: "GET",
      pattern: "/images/{name...}/get",
      handle: async (call) => stream(TAR, true, await images.save([call.params["name"] ?? ""], platforms(call))),
    },
    { method: "POST", pattern: "/images/{name...}/push", handle: (call) => push(engine, call) },
  ];
}

function create(engine: Engine, call: Call): Reply {
  return call.query.text("fromImage") === "" ? importRoot(engine, call) : pull(engine, call);
}

function pull(engine: Engine, call: Call): Reply {
  const { query, signal } = call;
  const fromImage = query.text("fromImage");
  const tag = query.text("tag");
  const reference = withParameter(fromImage, tag);
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
  return stream(JSON_LINES, false, lines);
}

function importRoot(engine: Engine, call: Call): Reply {
  const { query, signal } = call;
  const source = query.text("fromSrc");
  if (source === "") {
    throw new BerthError("invalid-parameter", "nothing to create an image from: name it by fromImage or fromSrc");
  }
  const lines = progressLines(async (onProgress) => {
    const id = await engine.images.import({
      source,
      body: () => call.body(),
      repository: query.text("repo"),
      tag: query.text("tag"),
      message: query.text("message"),
      changes: query.all("changes").flatMap((text) => text.split("\n")),
      platform: query.text("platform"),
      onProgress,
      signal,
    });
    onProgress({ status: id });
  });
  return stream(JSON_LINES, false, lines);
}

/** docker-compat: what is wrong with an archive is told in the stream, under a status of success. */
export function load(engine: Engine, call: Call, options: { readonly lacksLayers?: boolean } = {}): Reply {
  const { query, signal } = call;
  const quiet = query.flag("quiet", true);
  const lines = progressLines(
    (onMessage) =>
      engine.images.load({
        archive: call.body(),
        platforms: platforms(call),
        onProgress: (line) => {
          if (!quiet) onMessage(line);
        },
        onText: (text) => onMessage({ stream: text }),
        signal,
        ...options,
      }),
    { inStream: true },
  );
  return stream(JSON_LINES, false, lines);
}

export function platforms({ query }: Call): readonly Platform[] {
  return query.all("platform").flatMap((text) => parsePlatformParameter(text) ?? []);
}

function push(engine: Engine, call: Call): Reply {
  const { query, signal } = call;
  const name = call.params["name"] ?? "";
  const reference = withParameter(name, query.text("tag"));
  const platform = call.version.minor < 46 ? undefined : parsePlatformParameter(query.text("platform"));
  const auth = decodeAuthHeader(call.header("x-registry-auth"));
  const compression = query.text("compression");
  if (compression !== "" && compression !== "gzip" && compression !== "zstd")
    throw new BerthError("invalid-parameter", `invalid compression ${JSON.stringify(compression)}: gzip or zstd`);
  const lines = progressLines((onProgress) =>
    engine.images.push({
      reference,
      auth,
      platform,
      ...(compression === "" ? {} : { compression }),
      onProgress,
      onPushed: ({ tag: Tag, digest: Digest, sizeBytes: Size }) =>
        onProgress({ progressDetail: {}, aux: { Tag, Digest, Size } }),
      onPushedInstead: ({ index, manifest }) =>
        onProgress({
          progressDetail: {},
          aux: { manifestPushedInsteadOfIndex: true, originalIndex: index, selectedManifest: manifest },
        }),
      signal,
    }),
  );
  return stream(JSON_LINES, false, lines);
}
