import { BerthError } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import { encodePathStat, pathStatHeader, type PathStat } from "#spec/docker/archive.ts";
import { containerConfig } from "#spec/docker/container-config.ts";
import { decode } from "#spec/docker/schema.ts";
import type { Call, Route } from "../call.ts";
import { empty, json, type Reply } from "../reply.ts";

const TAR = "application/x-tar";

/** What goes into a container's file system and comes out of it as tar archives. */
export function containerFileRoutes(engine: Engine): readonly Route[] {
  const { containers } = engine;
  return [
    {
      method: "GET",
      pattern: "/containers/{id}/changes",
      handle: async (call) => {
        const changes = await containers.changes(id(call));
        return json(changes.length === 0 ? null : changes);
      },
    },
    {
      method: "GET",
      pattern: "/containers/{id}/export",
      handle: async (call): Promise<Reply> => {
        const chunks = await containers.export(id(call));
        return { kind: "stream", contentType: "application/octet-stream", eager: true, chunks };
      },
    },
    { method: "POST", pattern: "/commit", handle: async (call) => json(await commit(engine, call), undefined, 201) },
    {
      method: "HEAD",
      pattern: "/containers/{id}/archive",
      handle: async (call) => {
        const stat = await containers.statPath(id(call), path(call));
        return { kind: "text", status: 200, text: "", headers: statHeaders(stat) };
      },
    },
    {
      method: "GET",
      pattern: "/containers/{id}/archive",
      handle: async (call): Promise<Reply> => {
        const { stat, chunks } = await containers.readPath(id(call), path(call));
        return { kind: "stream", contentType: TAR, eager: true, chunks, headers: statHeaders(stat) };
      },
    },
    {
      method: "PUT",
      pattern: "/containers/{id}/archive",
      handle: async (call) => {
        const options = {
          noOverwriteDirNonDir: call.query.flag("noOverwriteDirNonDir"),
          copyUidGid: call.query.flag("copyUIDGID"),
        };
        await containers.extract(id(call), path(call), options, call.body());
        return empty(200);
      },
    },
  ];
}

async function commit(engine: Engine, call: Call): Promise<{ readonly Id: string }> {
  const { query } = call;
  const body = await call.json();
  return engine.containers.commit(query.text("container"), {
    repository: query.text("repo"),
    tag: query.text("tag"),
    comment: query.text("comment"),
    author: query.text("author"),
    pause: query.text("pause") === "" || query.flag("pause"),
    changes: query.all("changes").flatMap((text) => text.split("\n")),
    config: body === undefined || body === null ? undefined : decode(containerConfig, body),
  });
}

const id = (call: Call): string => call.params["id"] ?? "";

/** docker-compat: the words of the refusal are Docker's, the missing blank too. */
function path(call: Call): string {
  const text = call.query.text("path");
  if (text === "") throw new BerthError("invalid-parameter", "bad parameter: pathcannot be empty");
  // What no system call takes for a path: limits.h, PATH_MAX and NAME_MAX.
  if (text.includes("\0") || Buffer.byteLength(text) >= 4096) throw new BerthError("invalid-parameter", "invalid path");
  if (text.split("/").some((part) => Buffer.byteLength(part) > 255)) {
    throw new BerthError("invalid-parameter", `${text}: file name too long`);
  }
  return text;
}

const statHeaders = (stat: PathStat): Readonly<Record<string, string>> => ({ [pathStatHeader]: encodePathStat(stat) });
