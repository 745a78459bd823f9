import { BerthError } from "#base/errors.ts";
import { containerFilterKeys } from "#engine/container/look/list-filter.ts";
import { containerPruneKeys } from "#engine/container/life/prune.ts";
import type { StopOptions } from "#engine/container/life/stop.ts";
import type { Engine } from "#engine/engine.ts";
import { decodeCreateRequest, type WaitResponse } from "#spec/docker/container.ts";
import { parseFilters } from "#spec/docker/filters.ts";
import { decodeUpdateRequest, type UpdateRequest } from "#spec/docker/update.ts";
import type { Call, Route } from "../call.ts";
import { empty, json, stream } from "../reply.ts";
import { upgradeCreate } from "../versions/upgrade-create.ts";
import { attach } from "./attach.ts";
import { attachWebSocket } from "./attach-websocket.ts";
import { askedToRun, runMadeContainer } from "./made-and-run.ts";
import { logs } from "./logs.ts";
import { sizeOf } from "./size.ts";
import { stats } from "./stats.ts";
import { waitCondition } from "./wait-condition.ts";

export function containerRoutes(engine: Engine): readonly Route[] {
  const { containers } = engine;
  const id = (call: Call): string => call.params["id"] ?? "";
  /** A verb on one container that answers 204. */
  const verb = (name: string, act: (call: Call) => Promise<void>): Route => ({
    method: "POST",
    pattern: `/containers/{id}/${name}`,
    handle: async (call) => {
      await act(call);
      return empty(204);
    },
  });
  return [
    {
      method: "GET",
      pattern: "/containers/json",
      handle: async ({ query }) => {
        const size = query.flag("size");
        const list = await containers.list({
          all: query.flag("all"),
          limit: query.integer("limit") ?? 0,
          size,
          filters: parseFilters(query.maybe("filters"), containerFilterKeys),
        });
        return { ...json(list, "container-list"), lasting: !size };
      },
    },
    {
      method: "POST",
      pattern: "/containers/create",
      handle: async (call) => {
        const { warnings, ...request } = await createRequest(call);
        const asked = askedToRun(call);
        const { Id, Warnings } = await containers.create(request);
        const made = { Id, Warnings: [...Warnings, ...warnings] };
        return asked === undefined ? json(made, undefined, 201) : runMadeContainer(engine, made, asked);
      },
    },
    {
      method: "GET",
      pattern: "/containers/{id}/json",
      handle: async (call) =>
        json(await containers.inspect(id(call), { size: call.query.flag("size") }), "container-inspect"),
    },
    {
      method: "GET",
      pattern: "/containers/{id}/top",
      handle: async (call) => json(await containers.top(id(call), call.query.text("ps_args"))),
    },
    { method: "GET", pattern: "/containers/{id}/logs", handle: (call) => logs(engine, call) },
    { method: "GET", pattern: "/containers/{id}/stats", handle: (call) => stats(engine, call) },
    {
      method: "POST",
      pattern: "/containers/prune",
      handle: async ({ query, signal }) =>
        json(await containers.prune(parseFilters(query.maybe("filters"), containerPruneKeys), signal)),
    },
    {
      method: "POST",
      pattern: "/containers/{id}/update",
      handle: async (call) => json(await containers.update(id(call), await updateRequest(call))),
    },
    { method: "POST", pattern: "/containers/{id}/attach", handle: (call) => attach(engine, call) },
    { method: "GET", pattern: "/containers/{id}/attach/ws", handle: (call) => attachWebSocket(engine, call) },
    { method: "POST", pattern: "/containers/{id}/wait", handle: (call) => wait(engine, call) },
    verb("start", (call) => {
      if (call.query.text("checkpoint") !== "")
        throw new BerthError("not-implemented", "not supported by this engine yet: start from a checkpoint");
      return containers.start(id(call));
    }),
    verb("stop", (call) => containers.stop(id(call), stopOptions(call))),
    verb("restart", (call) => containers.restart(id(call), stopOptions(call))),
    verb("kill", (call) => containers.kill(id(call), call.query.text("signal"))),
    verb("pause", (call) => containers.pause(id(call))),
    verb("unpause", (call) => containers.unpause(id(call))),
    verb("rename", (call) => containers.rename(id(call), call.query.text("name"))),
    {
      method: "POST",
      pattern: "/containers/{id}/resize",
      handle: async (call) => {
        await containers.resize(id(call), sizeOf(call.query));
        return empty(200);
      },
    },
    {
      method: "DELETE",
      pattern: "/containers/{id}",
      handle: async (call) => {
        if (call.query.flag("link")) {
          await containers.removeLink(id(call));
          return empty(204);
        }
        await containers.remove(id(call), { force: call.query.flag("force"), volumes: call.query.flag("v") });
        return empty(204);
      },
    },
  ];
}

async function createRequest(call: Call) {
  const body = await call.json();
  if (body === undefined) throw new BerthError("invalid-parameter", "invalid JSON: got EOF while reading request body");
  if (body === null) throw new BerthError("invalid-parameter", "config cannot be empty in order to create a container");
  const platform = call.version.minor < 41 ? "" : call.query.text("platform");
  const { request, warnings } = upgradeCreate(decodeCreateRequest(body), call.version);
  return { ...request, warnings, name: call.query.text("name"), platform };
}

/** API 1.40 brought a changeable pids limit, 1.55 limits of devices; 1.42 took away the kernel memory limit. */
async function updateRequest(call: Call): Promise<UpdateRequest> {
  const body = await call.json();
  if (body === undefined) throw new BerthError("invalid-parameter", "invalid JSON: got EOF while reading request body");
  const request = decodeUpdateRequest(body);
  return {
    ...request,
    ...(call.version.minor < 40 ? { PidsLimit: null } : {}),
    ...(call.version.minor >= 42 ? { KernelMemory: 0 } : {}),
    ...(call.version.minor >= 52 ? { KernelMemoryTCP: 0 } : {}),
    ...(call.version.minor < 55 ? noDeviceLimits : {}),
  };
}

const noDeviceLimits = {
  BlkioWeightDevice: null,
  BlkioDeviceReadBps: null,
  BlkioDeviceWriteBps: null,
  BlkioDeviceReadIOps: null,
  BlkioDeviceWriteIOps: null,
} as const;

/** API 1.42 brought the signal. */
function stopOptions({ query, version }: Call): StopOptions {
  return { signal: version.minor < 42 ? "" : query.text("signal"), timeoutSeconds: query.integer("t") };
}

/** Conditions came with API 1.30. The head goes out as soon as the wait is set up: clients start the container when they have seen it. */
function wait(engine: Engine, call: Call) {
  const condition = waitCondition(call.version.minor < 30 ? "" : call.query.text("condition"));
  const { result } = engine.containers.wait(call.params["id"] ?? "", condition, call.signal);
  return stream("application/json", true, line(result));
}

async function* line(result: Promise<WaitResponse>): AsyncGenerator<string> {
  yield `${JSON.stringify(await result)}\n`;
}
