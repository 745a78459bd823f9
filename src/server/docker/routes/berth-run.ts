import { isBerthError, messageOf } from "#base/errors.ts";
import type { Engine } from "#engine/engine.ts";
import type { PreparedExec, RunningExec } from "#engine/exec/start.ts";
import { encodeEnd, endedOutputType } from "#spec/berth/ended-output.ts";
import type { WaitCondition } from "#spec/docker/container.ts";
import { execStartConfig } from "#spec/docker/exec.ts";
import { decode } from "#spec/docker/schema.ts";
import { encodeFrame } from "#spec/docker/stdcopy.ts";
import type { Call, Route } from "../call.ts";
import { parseDetachKeys } from "../detach-keys.ts";
import { framedAsOutput } from "../framing.ts";
import { pipe } from "../pipe.ts";
import type { Query } from "../query.ts";
import type { RawConnection, Reply } from "../reply.ts";
import { pipeExec, startedExec } from "./exec-streams.ts";
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

/** How a container is run. */
export interface RunOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys: ReturnType<typeof parseDetachKeys>;
  /** Of what its end is told. */
  readonly condition: WaitCondition;
}

/** `invalid-parameter` for what they cannot be. */
export const runOptions = (query: Query): RunOptions => ({
  detachKeys: parseDetachKeys(query.text("detachKeys")),
  condition: waitCondition(query.text("condition")),
  stdin: query.flag("stdin"),
  stdout: query.flag("stdout"),
  stderr: query.flag("stderr"),
});

/** What carries its streams and tells its end. Rejects when it does not start. */
export async function startToRun(
  { containers }: Engine,
  id: string,
  { stdin, stdout, stderr, detachKeys, condition }: RunOptions,
  signal: AbortSignal,
): Promise<(client: RawConnection) => Promise<void>> {
  const attached = await containers.attach(id, { stream: true, stdin, stdout, stderr, logs: false });
  const { result } = containers.wait(id, condition, signal);
  result.catch(() => undefined);
  try {
    await containers.start(id);
  } catch (error) {
    if (!isBerthError(error, "not-modified")) {
      attached.stream.close();
      throw error;
    }
  }
  return async (client) => {
    const stream = attached.terminal ? framedAsOutput(attached.stream) : attached.stream;
    const how = await pipe(client, stream, { ...attached, detachKeys });
    if (how === "ended") await client.write(encodeEnd(await result));
    else attached.left();
  };
}

/** The head goes out when it runs; a failure to start is the answer. */
async function runContainer(engine: Engine, call: Call): Promise<Reply> {
  const run = await startToRun(engine, call.params["id"] ?? "", runOptions(call.query), call.signal);
  return { kind: "hijack", contentType: endedOutputType, run };
}

/** As Docker's request: the head goes out first, a failure to start is told on the stream and by the exit code. */
async function runExec(engine: Engine, call: Call): Promise<Reply> {
  const { ConsoleSize } = decode(execStartConfig, await call.json());
  const prepared = startedExec(engine, call, call.params["id"] ?? "", { Detach: false, ConsoleSize });
  return { kind: "hijack", contentType: endedOutputType, run: (client) => carryExec(prepared, client) };
}

/** Makes the process, carries its streams and tells its exit code. */
export async function carryExec(prepared: PreparedExec, client: RawConnection): Promise<void> {
  if (await untilEnded(prepared, client)) await client.write(encodeEnd({ ExitCode: prepared.exitCode() }));
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
