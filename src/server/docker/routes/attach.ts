import type { Engine } from "#engine/engine.ts";
import type { Call } from "../call.ts";
import { parseDetachKeys } from "../detach-keys.ts";
import { pipe } from "../pipe.ts";
import { multiplexedStream, rawStream, type Reply } from "../reply.ts";

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
