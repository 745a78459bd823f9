import { BerthError } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import { parseTimestamp } from "#spec/docker/timestamp.ts";
import type { Call } from "../call.ts";
import { multiplexedStream, rawStream, stream, type Reply } from "../reply.ts";

/** `GET /containers/{id}/logs`. */
export function logs(engine: Engine, call: Call): Reply {
  const { query, params, signal } = call;
  if (!query.flag("stdout") && !query.flag("stderr")) {
    throw new BerthError("invalid-parameter", "Bad parameters: you must choose at least one stream");
  }
  const found = engine.containers.logs(params["id"] ?? "", {
    stdout: query.flag("stdout"),
    stderr: query.flag("stderr"),
    follow: query.flag("follow"),
    tail: tailOf(query.text("tail")),
    sinceNs: parseTimestamp(query.maybe("since")),
    // docker-compat: here, other than of events, 0 is no end.
    untilNs: query.maybe("until") === "0" ? undefined : parseTimestamp(query.maybe("until")),
    timestamps: query.flag("timestamps"),
    details: query.flag("details"),
    signal,
  });
  const contentType = !found.terminal && call.version.minor >= 42 ? multiplexedStream : rawStream;
  return stream(contentType, true, found.chunks);
}

/** docker-compat: what is no number means everything. */
function tailOf(text: string): number | undefined {
  return /^\+?\d{1,15}$/.test(text) ? Number(text) : undefined;
}
