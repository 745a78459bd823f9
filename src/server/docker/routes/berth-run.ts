import { isBerthError, messageOf } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import type { PreparedExec, RunningExec } from "#engine/exec/start.ts";
import { encodeEnd, endedOutputType } from "#spec/berth/ended-output.ts";
import { execStartConfig } from "#spec/docker/exec.ts";
import { decode } from "#spec/docker/schema.ts";
import { encodeFrame } from "#spec/docker/stdcopy.ts";
import type { Call, Route } from "../call.ts";
import { parseDetachKeys } from "../detach-keys.ts";
import { framedAsOutput } from "../framing.ts";
import { pipe } from "../pipe.ts";
import type { RawConnection, Reply } from "../reply.ts";
import { pipeExec, startedExec } from "./execs.ts";
import { waitCondition } from "./wait-condition.ts";

/**
 * What a client does with a container or an exec that it has just made, as one request on the connection that it has:
 * attach, wait and start, or start and inspect. The same verbs in the same order, so events and errors do not differ.
 */
export function berthRunRoutes(engine: Engine): readonly Route[] {
  return [
    { method: "POST", pattern: "/berth/containers/{id}/run", handle: (call) => runContainer(engine, call) },
    { method: "POST", pattern: "/berth/exec/{id}/run", handle: (call) => runExec(engine, call) },
  ];
}

/** The head goes out when it runs; a failure to start is the answer. */
async function runContainer(engine: Engine, call: Call): Promise<Reply> {
  const { query, params } = call;
  const { containers } = engine;
  const id = params["id"] ?? "";
  const detachKeys = parseDetachKeys(query.text("detachKeys"));
  const condition = waitCondition(query.text("condition"));
  const [stdin, stdout, stderr] = [query.flag("stdin"), query.flag("stdout"), query.flag("stderr")];
  const attached = await containers.attach(id, { stream: true, stdin, stdout, stderr, logs: false });
  const { result } = containers.wait(id, condition, call.signal);
  result.catch(() => undefined);
  try {
    await startUnlessStarted(engine, id);
  } catch (error) {
    attached.stream.close();
    throw error;
  }
  const { terminal } = attached;
  return {
    kind: "hijack",
    contentType: endedOutputType,
    run: async (client) => {
      const how = await pipe(client, terminal ? framedAsOutput(attached.stream) : attached.stream, {
        ...attached,
        detachKeys,
      });
      if (how === "ended") await client.write(encodeEnd(await result));
      else attached.left();
    },
  };
}

async function startUnlessStarted({ containers }: Engine, id: string): Promise<void> {
  try {
    await containers.start(id);
  } catch (error) {
    if (!isBerthError(error, "not-modified")) throw error;
  }
}

/** As Docker's request: the head goes out first, a failure to start is told on the stream and by the exit code. */
async function runExec(engine: Engine, call: Call): Promise<Reply> {
  const body = decode(execStartConfig, await call.json());
  const prepared = startedExec(engine, call, { ...body, Detach: false });
  return {
    kind: "hijack",
    contentType: endedOutputType,
    run: async (client) => {
      if (await untilEnded(prepared, client)) await client.write(encodeEnd({ ExitCode: prepared.exitCode() }));
    },
  };
}

/** Whether it is known how it ended; not when the client has left, or nobody has seen the end. */
async function untilEnded(prepared: PreparedExec, client: RawConnection): Promise<boolean> {
  let running: RunningExec;
  try {
    running = await prepared.run();
  } catch (error) {
    return client.write(encodeFrame("stdout", Buffer.from(`${messageOf(error)}\r\n`)));
  }
  const { stream, ended } = running;
  if (stream === undefined) return false;
  if ((await pipeExec(prepared, client, prepared.terminal ? framedAsOutput(stream) : stream)) !== "ended") return false;
  return ended.then(
    () => true,
    () => false,
  );
}
