import type { Engine } from "#engine/engine.ts";
import type { Call } from "../call.ts";
import { parseDetachKeys } from "../detach-keys.ts";
import { pipe } from "../pipe.ts";
import { multiplexedStream, rawStream, type Reply } from "../reply.ts";

/**
 * docker-compat: a library that attaches without an upgrade, like dockerode's run(), stops reading when another connection tells it of
 * the end. Where both are there at once, Node takes them in any order; dockerd tells of an end many milliseconds later.
 */
const BODY_LINGER_MS = 5;

/** `POST /containers/{id}/attach`. */
export async function attach(engine: Engine, call: Call): Promise<Reply> {
  const { query, params } = call;
  const detachKeys = parseDetachKeys(query.text("detachKeys"));
  const stdin = query.flag("stdin");
  const attached = await engine.containers.attach(params["id"] ?? "", {
    stream: query.flag("stream"),
    stdin,
    stdout: query.flag("stdout"),
    stderr: query.flag("stderr"),
    logs: query.flag("logs"),
    lingerMs: call.header("upgrade") === undefined ? BODY_LINGER_MS : undefined,
  });
  const { terminal, stream } = attached;
  return {
    kind: "hijack",
    contentType: !terminal && call.version.minor >= 42 ? multiplexedStream : rawStream,
    run: async (client) => {
      const how = await pipe(client, stream, {
        input: attached.input,
        endsInput: attached.endsInput,
        terminal,
        detachKeys,
      });
      if (how !== "ended") attached.left();
    },
  };
}
