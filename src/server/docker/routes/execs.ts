import { messageOf } from "#base/errors.ts";
import type { PreparedExec, RunningExec } from "#engine/exec/start.ts";
import type { Engine } from "#engine/engine.ts";
import type { AttachStream } from "#runtime/types.ts";
import { execConfig, execStartConfig } from "#spec/docker/exec.ts";
import { decode } from "#spec/docker/schema.ts";
import { encodeFrame } from "#spec/docker/stdcopy.ts";
import type { Call, Route } from "../call.ts";
import { parseDetachKeys } from "../detach-keys.ts";
import { framedAsOutput, unframed } from "../framing.ts";
import { empty, json, multiplexedStream, rawStream, type RawConnection, type Reply } from "../reply.ts";
import { hasConsoleSize, pipeExec, startedExec } from "./exec-streams.ts";
import { asksToRun, runMadeExec } from "./made-and-run.ts";
import { sizeOf } from "./size.ts";

export function execRoutes(engine: Engine): readonly Route[] {
  const { execs } = engine;
  const id = (call: Call): string => call.params["id"] ?? "";
  return [
    {
      method: "POST",
      pattern: "/containers/{id}/exec",
      handle: async (call) => {
        const asked = decode(execConfig, await call.json());
        const config = hasConsoleSize(call) ? asked : { ...asked, ConsoleSize: null };
        parseDetachKeys(config.DetachKeys);
        const made = execs.create(id(call), config);
        return asksToRun(call) ? runMadeExec(engine, call, made, config) : json(made, undefined, 201);
      },
    },
    { method: "POST", pattern: "/exec/{id}/start", handle: (call) => start(engine, call) },
    { method: "GET", pattern: "/exec/{id}/json", handle: (call) => json(execs.inspect(id(call))) },
    {
      method: "POST",
      pattern: "/exec/{id}/resize",
      handle: async (call) => {
        await execs.resize(id(call), sizeOf(call.query));
        return empty(200);
      },
    },
  ];
}

async function start(engine: Engine, call: Call): Promise<Reply> {
  const body = decode(execStartConfig, await call.json());
  const prepared = startedExec(engine, call, call.params["id"] ?? "", body);
  if (body.Detach) {
    await prepared.run();
    return empty(200);
  }
  const framed = !body.Tty;
  return {
    kind: "hijack",
    contentType: framed && call.version.minor >= 42 ? multiplexedStream : rawStream,
    run: (client) => converse(prepared, client, framed),
  };
}

/**
 * docker-compat: who starts it says whether output comes in frames, which need not be what it was created with. The head
 * has gone out, so a failure to start is told on the stream; inspect has the exit code.
 */
async function converse(prepared: PreparedExec, client: RawConnection, framed: boolean): Promise<void> {
  let running: RunningExec;
  try {
    running = await prepared.run();
  } catch (error) {
    const text = Buffer.from(`${messageOf(error)}\r\n`);
    await client.write(framed ? encodeFrame("stdout", text) : text);
    return;
  }
  if (running.stream !== undefined)
    await pipeExec(prepared, client, asAsked(running.stream, prepared.terminal, framed));
}

function asAsked(stream: AttachStream, terminal: boolean, framed: boolean): AttachStream {
  if (terminal === !framed) return stream;
  return framed ? framedAsOutput(stream) : unframed(stream);
}
