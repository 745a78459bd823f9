import { BerthError } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import { decodeAuthHeader } from "#spec/docker/auth.ts";
import type { Call, Route } from "../call.ts";
import { progressLines } from "../progress-lines.ts";
import { json, stream } from "../reply.ts";

/** What Berth does with images beyond the Engine API. */
export function berthImageRoutes(engine: Engine): readonly Route[] {
  return [
    {
      method: "POST",
      pattern: "/berth/images/copy",
      handle: async (call) => {
        const { From, To } = ((await call.json()) ?? {}) as Readonly<Record<string, unknown>>;
        if (typeof From !== "string" || typeof To !== "string" || From === "" || To === "")
          throw new BerthError("invalid-parameter", "From and To must name an image each");
        return stream("application/json", false, copy(engine, call, From, To));
      },
    },
    {
      method: "GET",
      pattern: "/berth/images/{name...}/archive",
      handle: async ({ params, query }) =>
        stream("application/x-tar", true, await engine.images.files(params["name"] ?? "", query.text("path"))),
    },
    {
      method: "POST",
      pattern: "/berth/system/check",
      handle: async ({ query }) => json(await engine.system.check({ repair: query.flag("repair") })),
    },
  ];
}

/** The credentials of the two registries come in a header each. */
function copy(engine: Engine, call: Call, from: string, to: string): AsyncIterable<string> {
  const fromAuth = decodeAuthHeader(call.header("x-registry-auth-from"));
  const toAuth = decodeAuthHeader(call.header("x-registry-auth"));
  return progressLines(async (onProgress) => {
    const digest = await engine.images.copy({ from, to, fromAuth, toAuth, onProgress, signal: call.signal });
    onProgress({ status: `Digest: ${digest}` });
  });
}
