import type { Engine } from "#engine/engine.ts";
import type { Call } from "../call.ts";
import { parseDetachKeys } from "../detach-keys.ts";
import { unframed } from "../framing.ts";
import { pipe } from "../pipe.ts";
import type { Reply } from "../reply.ts";
import { handshake } from "../websocket.ts";

/**
 * `GET /containers/{id}/attach/ws`. Both streams come as they are, in one, without frames of Docker's own.
 * docker-compat: before 1.42 stdin, stdout and stderr were always attached; before 1.28 messages were text.
 */
export async function attachWebSocket(engine: Engine, call: Call): Promise<Reply> {
  const { query, params, version } = call;
  const detachKeys = parseDetachKeys(query.text("detachKeys"));
  const chosen = (name: string): boolean => version.minor < 42 || query.flag(name);
  const offered = handshake(call.header);
  const attached = await engine.containers.attach(params["id"] ?? "", {
    stream: query.flag("stream"),
    stdin: chosen("stdin"),
    stdout: chosen("stdout"),
    stderr: chosen("stderr"),
    logs: query.flag("logs"),
  });
  const { terminal, input, endsInput, stream } = attached;
  if ("refusal" in offered) {
    stream.close();
    return { kind: "text", status: 400, text: offered.refusal, headers: offered.headers };
  }
  return {
    kind: "websocket",
    accept: offered.accept,
    messages: version.minor < 28 ? "text" : "binary",
    run: async (client) => {
      const how = await pipe(client, terminal ? stream : unframed(stream), { input, endsInput, terminal, detachKeys });
      if (how !== "ended") attached.left();
    },
  };
}
