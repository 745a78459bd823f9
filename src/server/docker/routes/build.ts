import { BerthError, isBerthError, messageOf } from "#base/errors.ts";
import { errorLocation } from "#build/dockerfile/dockerfile-error.ts";
import type { CacheBounds } from "#build/cache/prune-cache.ts";
import type { BuildContext, EngineBuildRequest } from "#engine/build/build-request.ts";
import type { Engine } from "#engine/engine.ts";
import { cachePruneFilters } from "#engine/build/prune.ts";
import { decodeRegistryConfig } from "#spec/docker/auth.ts";
import type { Call, Route } from "../call.ts";
import { ClassicBuildStream } from "../build-stream.ts";
import { progressLines } from "../progress-lines.ts";
import type { Query } from "../query.ts";
import { empty, json, stream, type Reply } from "../reply.ts";
import { listParameter, mapParameter, outputsParameter, ulimitsParameter } from "./build-parameters.ts";

/** What only a session (BuildKit's gRPC) could carry, or what has not been made yet. */
const refused: readonly (readonly [name: string, hint: string])[] = [
  ["session", "Build with DOCKER_BUILDKIT=0, or with berth build."],
];

export function buildRoutes(engine: Engine): readonly Route[] {
  return [
    { method: "POST", pattern: "/build", handle: (call) => build(engine, call) },
    {
      method: "POST",
      pattern: "/build/cancel",
      handle: ({ query }) => {
        engine.builds.cancel(query.text("id"));
        return empty(200);
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
            filters: cachePruneFilters(query.maybe("filters")),
          }),
        ),
    },
  ];
}

/** docker-compat: until API 1.48 what is reserved was called `keep-storage`. */
function bounds(query: Query): CacheBounds {
  const bytes = (name: string): number | undefined => {
    try {
      return query.integer(name);
    } catch (error) {
      const message = `${name} is in bytes and expects an integer, got ${query.text(name)}: ${messageOf(error)}`;
      throw new BerthError("invalid-parameter", message, { cause: error });
    }
  };
  return {
    reservedBytes: bytes("reserved-space") ?? bytes("keep-storage") ?? 0,
    maxUsedBytes: bytes("max-used-space") ?? 0,
    minFreeBytes: bytes("min-free-space") ?? 0,
  };
}

function build(engine: Engine, call: Call): Reply {
  refuse(call);
  const request = requestOf(call);
  const lines = progressLines(async (report) => {
    const { query } = call;
    const classic = new ClassicBuildStream(report, {
      quiet: query.flag("q"),
      removeSteps: query.flag("rm", true) || query.flag("forcerm"),
      removeFailed: query.flag("forcerm"),
      buildArgs: request.buildArgs,
    });
    try {
      await engine.builds.build(request, call.signal, (event) => classic.handle(event));
    } catch (error) {
      if (!classic.fail(error)) throw unreadable(error);
    }
  });
  return stream("application/json", false, lines);
}

/** docker-compat: text that cannot even be cut into instructions. */
function unreadable(error: unknown): unknown {
  if (!isBerthError(error) || errorLocation(error)?.phase !== "read") return error;
  const { kind, message, hint, details } = error;
  return new BerthError(kind, `failed to parse Dockerfile: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
    details,
  });
}

function refuse({ query }: Call): void {
  for (const [name, hint] of refused) {
    const value = query.text(name);
    if (value === "" || value === "0" || value === "false") continue;
    throw new BerthError("not-implemented", `not supported by POST /build of this engine yet: ${name}`, { hint });
  }
  if (query.text("remote") === "client-session")
    throw new BerthError(
      "invalid-parameter",
      "experimental session with v1 builder is no longer supported, use builder version v2 (BuildKit) instead",
    );
  if (outputsParameter(query).length > 0)
    throw new BerthError("not-implemented", "not supported by POST /build of this engine: outputs", {
      hint: "Export with berth build --output.",
    });
  const version = query.text("version");
  if (!["", "1", "2"].includes(version))
    throw new BerthError("invalid-parameter", `invalid version ${JSON.stringify(version)}`);
  if (version === "2")
    throw new BerthError(
      "not-implemented",
      `not supported by this engine yet: POST /build with version=${version} (BuildKit)`,
      {
        hint: "Build with DOCKER_BUILDKIT=0, or with berth build.",
      },
    );
  const isolation = query.text("isolation");
  if (isolation !== "" && isolation !== "default")
    throw new BerthError("invalid-parameter", `unsupported isolation: ${JSON.stringify(isolation)}`);
}

function requestOf(call: Call): EngineBuildRequest {
  const { query } = call;
  const number = (name: string): number => query.integer(name, "ParseInt") ?? 0;
  return {
    buildId: query.text("buildid"),
    context: contextOf(call),
    dockerfile: query.text("dockerfile"),
    dockerfileText: undefined,
    contexts: new Map(),
    folders: new Map(),
    sent: new Map(),
    agentFolders: new Map(),
    askAgent: undefined,
    chunks: nothing(),
    tags: query.all("t").filter((tag) => tag !== ""),
    buildArgs: new Map(
      Object.entries(mapParameter(query, "buildargs", "build args")).map(([name, value]) => [name, value ?? undefined]),
    ),
    labels: new Map(
      Object.entries(mapParameter(query, "labels", "labels")).map(([name, value]) => [name, value ?? ""]),
    ),
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
  if (remote === "") return { kind: "archive", body: body() };
  return { kind: "remote", url: remote };
}
