import { BerthError } from "#base/errors.ts";
import type { EngineClient } from "#client/engine-client.ts";
import type { Handler, Invocation } from "../command.ts";
import { carryStreams, type AttachOutcome } from "../streams/attached-streams.ts";
import { forwardSignals } from "../streams/forward-signals.ts";
import { followWindowSize } from "../streams/terminal-size.ts";
import { checkTerminal } from "./check-terminal.ts";
import type { ContainerRequest } from "./container-config.ts";
import { createContainer, requestOf } from "./create-container.ts";
import { exitCodeOf } from "./exit-code.ts";
import { startFailureCode } from "./start-failure.ts";
import { withHelp } from "./with-help.ts";

const CLI_FAILED = 125;

/** `run`: create, attach, start, carry the streams, and end with the container's exit code. */
export const run: Handler = async (invocation) => {
  const request = forRun(invocation);
  const { flags, io } = invocation;
  if (!flags.on("detach")) checkTerminal(io, request.attachStdin, request.tty);
  const client = await invocation.client();
  let id: string;
  try {
    id = await createContainer(invocation, request);
  } catch (error) {
    throw withHelp(error, invocation, CLI_FAILED);
  }
  const stopForwarding =
    flags.on("sig-proxy") && !flags.on("detach")
      ? forwardSignals(io, (signal) => client.containers.kill(id, signal))
      : undefined;
  try {
    return await runCreated(invocation, client, request, id);
  } finally {
    stopForwarding?.();
  }
};

function forRun(invocation: Invocation): ContainerRequest {
  const { flags } = invocation;
  let request: ContainerRequest;
  try {
    request = requestOf(invocation);
  } catch (error) {
    throw withHelp(error, invocation, CLI_FAILED);
  }
  if (!flags.on("detach")) return request;
  if (flags.list("attach").length > 0) {
    throw new BerthError("invalid-parameter", "conflicting options: cannot specify both --attach and --detach");
  }
  const detached = { attachStdin: false, attachStdout: false, attachStderr: false };
  const body = { ...request.body, AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false };
  return { ...request, ...detached, body };
}

async function runCreated(
  invocation: Invocation,
  client: EngineClient,
  request: ContainerRequest,
  id: string,
): Promise<number> {
  const { io, flags, config } = invocation;
  const { attachStdin, attachStdout, attachStderr, tty } = request;
  const attaching = attachStdin || attachStdout || attachStderr;
  if (!attachStdout && !attachStderr) io.stdout.write(`${id}\n`);
  const detachKeys = flags.text("detach-keys") || config.file.detachKeys || "";
  const [attached, waited] = await Promise.all([
    attaching
      ? client.containers.attach(id, {
          stream: true,
          stdin: attachStdin,
          stdout: attachStdout,
          stderr: attachStderr,
          detachKeys,
        })
      : undefined,
    client.containers.wait(id, request.autoRemove ? "removed" : "next-exit"),
  ]);
  const carried =
    attached === undefined
      ? undefined
      : carryStreams(
          { stream: attached.stream, tty, stdin: attachStdin, stdout: attachStdout, stderr: attachStderr, detachKeys },
          io,
        );
  carried?.catch(() => undefined);
  try {
    await client.containers.start(id);
  } catch (error) {
    attached?.stream.close();
    await carried?.catch(() => undefined);
    if (request.autoRemove) await waited().catch(() => undefined);
    throw withHelp(error, invocation, startFailureCode(error));
  }
  if (carried === undefined) return 0;
  const stopResizing =
    tty && io.stdout.isTerminal() ? followWindowSize(io, (size) => client.containers.resize(id, size)) : undefined;
  let outcome: AttachOutcome;
  try {
    outcome = await carried;
  } finally {
    stopResizing?.();
  }
  if (outcome === "detached") return 0;
  return exitCodeOf(await waited(), io);
}
