import { BerthError } from "#base/errors.ts";
import type { EngineClient } from "#client/engine-client.ts";
import type { Handler, Invocation } from "../command.ts";
import type { AttachOutcome } from "../streams/attached-streams.ts";
import { forwardSignals } from "../streams/forward-signals.ts";
import { followWindowSize } from "../streams/terminal-size.ts";
import { checkTerminal } from "./check-terminal.ts";
import type { ContainerRequest } from "./container-config.ts";
import { createContainer, requestOf } from "./create-container.ts";
import { exitCodeOf } from "./exit-code.ts";
import { startAttached, startDetached, type AttachedRun } from "./start-attached.ts";
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
  const { attachStdin: stdin, attachStdout: stdout, attachStderr: stderr, tty, autoRemove } = request;
  if (!stdout && !stderr) io.stdout.write(`${id}\n`);
  const detachKeys = flags.text("detach-keys") || config.file.detachKeys || "";
  const attaching = stdin || stdout || stderr;
  let running: AttachedRun | undefined;
  try {
    if (attaching)
      running = await startAttached(client, io, id, { stdin, stdout, stderr, tty, detachKeys, autoRemove });
    else await startDetached(client, id, autoRemove);
  } catch (error) {
    throw withHelp(error, invocation, startFailureCode(error));
  }
  if (running === undefined) return 0;
  const stopResizing =
    tty && io.stdout.isTerminal() ? followWindowSize(io, (size) => client.containers.resize(id, size)) : undefined;
  let outcome: AttachOutcome;
  try {
    outcome = await running.carried;
  } finally {
    stopResizing?.();
  }
  if (outcome === "detached") return 0;
  return exitCodeOf(await running.waited(), io);
}
