import { BerthError, cancelled } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import type { Call } from "../call.ts";
import { json, stream, type Reply } from "../reply.ts";
import type { ApiVersion } from "../versions/api-version.ts";
import { asOfVersion } from "../versions/as-of-version.ts";

/** `GET /containers/{id}/stats`. `one-shot` came with API 1.41. */
export async function stats(engine: Engine, call: Call): Promise<Reply> {
  const streaming = call.query.flag("stream", true);
  const oneShot = call.version.minor >= 41 && call.query.flag("one-shot");
  if (streaming && oneShot) throw new BerthError("invalid-parameter", "cannot have stream=true and one-shot=true");
  const mode = streaming ? "stream" : oneShot ? "one-shot" : "two-readings";
  const readings = engine.containers.stats(call.params["id"] ?? "", mode, call.signal);
  if (streaming) return stream("application/json", true, lines(readings, call.version));
  for await (const reading of readings) return json(reading, "stats");
  throw cancelled();
}

async function* lines(readings: AsyncIterable<unknown>, version: ApiVersion): AsyncGenerator<string> {
  for await (const reading of readings) yield `${JSON.stringify(asOfVersion("stats", version, reading))}\n`;
}
