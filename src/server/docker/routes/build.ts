import { BerthError } from "#base/errors.ts";
import type { CacheBounds } from "#build/cache/prune-cache.ts";
import type { BuildContext, EngineBuildRequest } from "#engine/build/build-request.ts";
import type { Engine } from "#engine/engine.ts";
import { cachePruneKeys } from "#engine/build/prune.ts";
import { parseFilters } from "#spec/docker/filters.ts";
import { decodeRegistryConfig } from "#spec/docker/auth.ts";
import type { Call, Route } from "../call.ts";
import { ClassicBuildStream } from "../build-stream.ts";
import { progressLines } from "../progress-lines.ts";
import type { Query } from "../query.ts";
import { empty, json, stream, type Reply } from "../reply.ts";
import { listParameter, mapParameter, ulimitsParameter } from "./build-parameters.ts";

/** What only a session (BuildKit's gRPC) could carry, or what has not been made yet. */
const refused: readonly (readonly [name: string, hint: string])[] = [
  ["session", "Build with DOCKER_BUILDKIT=0, or with berth build."],
  ["outputs", "Export with berth build --output."],
];

export function buildRoutes(engine: Engine): readonly Route[] {
  return [
    { method: "POST", pattern: "/build", handle: (call) => build(engine, call) },
    {
      method: "POST",
      pattern: "/build/cancel",
      handle: ({ query }) => {
        engine.builds.cancel(query.text("id"));
        return empty(204);
      },
    },
    {
      method: "POST",
      pattern: "/build/prune",
      handle: async ({ query }) =>
        json(
          await engine.builds.prune({
            all: query.flag("all"),
            bounds: bounds(query),
            filters: parseFilters(query.maybe("filters"), cachePruneKeys),
          }),
        ),
    },
  ];
}

/** docker-compat: until API 1.48 what is reserved was called `keep-storage`. */
function bounds(query: Query): CacheBounds {
  return {
    reservedBytes: query.integer("reserved-space") ?? query.integer("keep-storage") ?? 0,
    maxUsedBytes: query.integer("max-used-space") ?? 0,
    minFreeBytes: query.integer("min-free-space") ?? 0,
  };
}

function build(engine: Engine, call: Call): Reply {
  refuse(call);
  const request = requestOf(call);
  const lines = progressLines(async (report) => {
    const classic = new ClassicBuildStream(report, call.query.flag("q"));
    try {
      await engine.builds.build(request, call.signal, (event) => classic.handle(event));
    } catch (error) {
      if (!classic.fail(error)) throw error;
    }
  });
  return stream("application/json", false, lines);
}

function refuse({ query }: Call): void {
  for (const [name, hint] of refused) {
    const value = query.text(name);
    if (value === "" || value === "0" || value === "false") continue;
    throw new BerthError("not-implemented", `not supported by POST /build of this engine yet: ${name}`, { hint });
  }
  const version = query.text("version");
  if (version !== "" && version !== "1")
    throw new BerthError(
      "not-implemented",
      `not supported by this engine yet: POST /build with version=${version} (BuildKit)`,
      {
        hint: "Build with DOCKER_BUILDKIT=0, or with berth build.",
      },
    );
  const isolation = query.text("isolation");
  if (isolation !== "" && isolation !== "default")
    throw new BerthError("invalid-parameter", `Unsupported isolation: ${JSON.stringify(isolation)}`);
}

function requestOf(call: Call): EngineBuildRequest {
  const { query } = call;
  const number = (name: string): number => query.integer(name) ?? 0;
  return {
    buildId: query.text("buildid"),
    context: contextOf(call),
    dockerfile: query.text("dockerfile"),
    dockerfileText: undefined,
    contexts: new Map(),
    folders: new Map(),
    sent: new Map(),
    agentFolders: new Map(),
    chunks: nothing(),
    tags: query.all("t").filter((tag) => tag !== ""),
    buildArgs: new Map(
      Object.entries(mapParameter(query, "buildargs")).map(([name, value]) => [name, value ?? undefined]),
    ),
    labels: new Map(Object.entries(mapParameter(query, "labels")).map(([name, value]) => [name, value ?? ""])),
    target: query.text("target"),
    noCache: query.flag("nocache"),
    pull: query.flag("pull"),
    platform: query.text("platform"),
    outputs: [],
    annotations: new Map(),
    cacheFrom: listParameter(query, "cachefrom").map((ref) => ({ type: "store", attributes: { ref } })),
    cacheTo: [],
    attestations: [],
    squash: query.flag("squash"),
    network: query.text("networkmode"),
    settings: {
      hosts: listParameter(query, "extrahosts"),
      shmSizeBytes: number("shmsize"),
      ulimits: ulimitsParameter(query),
      limits: {
        memoryBytes: number("memory"),
        memorySwapBytes: number("memswap"),
        cpuShares: number("cpushares"),
        cpuPeriod: number("cpuperiod"),
        cpuQuota: number("cpuquota"),
        cpusetCpus: query.text("cpusetcpus"),
        cpusetMems: query.text("cpusetmems"),
      },
      cgroupParent: query.text("cgroupparent"),
      securityOptions: listParameter(query, "securityopt"),
      secrets: new Map(),
      agents: new Map(),
    },
    auth: new Map(Object.entries(decodeRegistryConfig(call.header("x-registry-config")))),
    allowInsecure: false,
    allowedDevices: new Set(),
    dialect: "classic",
    debug: false,
    call: "build",
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function contextOf({ query, body }: Call): BuildContext {
  const remote = query.text("remote");
  // docker-compat: the client's way to say that the body is the context.
  if (remote === "" || remote === "client-session") return { kind: "archive", body: body() };
  return { kind: "remote", url: remote };
}
