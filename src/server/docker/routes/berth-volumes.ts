import type { Engine } from "#engine/engine.ts";
import type { Call, Route } from "../call.ts";
import { empty, json, stream } from "../reply.ts";
import { decodeTexts } from "#spec/berth/volumes.ts";

/** Copies, names and locks of volumes: what is in docs/volumes.md. */
export function berthVolumeRoutes({ volumes }: Engine): readonly Route[] {
  const name = ({ params }: Call): string => params["name"] ?? "";
  const lock = (verb: "lock" | "unlock"): Route => ({
    method: "POST",
    pattern: `/berth/volumes/{name}/${verb}`,
    handle: async (call) => {
      await volumes.lock(name(call), verb === "lock");
      return empty(204);
    },
  });
  return [
    {
      method: "POST",
      pattern: "/berth/volumes/{name}/clone",
      handle: async (call) => {
        const options = { to: call.query.text("to"), live: call.query.flag("live") };
        return json(await volumes.clone(name(call), options), undefined, 201);
      },
    },
    {
      method: "GET",
      pattern: "/berth/volumes/{name}/snapshots",
      handle: async (call) => json(await volumes.snapshots(name(call))),
    },
    {
      method: "POST",
      pattern: "/berth/volumes/{name}/snapshots",
      handle: async (call) => {
        const options = { snapshot: call.query.text("name"), live: call.query.flag("live") };
        return json(await volumes.snapshot(name(call), options), undefined, 201);
      },
    },
    {
      method: "POST",
      pattern: "/berth/volumes/{name}/restore",
      handle: async (call) => {
        await volumes.restore(name(call));
        return empty(204);
      },
    },
    {
      method: "POST",
      pattern: "/berth/volumes/{name}/rename",
      handle: async (call) => {
        await volumes.rename(name(call), call.query.text("to"));
        return empty(204);
      },
    },
    {
      method: "GET",
      pattern: "/berth/volumes/{name}/export",
      handle: async (call) => stream("application/x-tar", false, await volumes.export(name(call))),
    },
    {
      method: "POST",
      pattern: "/berth/volumes/{name}/import",
      handle: async (call) => {
        const settings = { options: texts(call, "options"), labels: texts(call, "labels") };
        return json(await volumes.import(name(call), settings, call.body()), undefined, 201);
      },
    },
    lock("lock"),
    lock("unlock"),
  ];
}

/** A query parameter that is a JSON object of texts; {} when it is not given. */
function texts({ query }: Call, name: string): Readonly<Record<string, string>> {
  const text = query.text(name);
  return text === "" ? {} : decodeTexts(name, text);
}
