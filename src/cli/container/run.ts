import { BerthError } from "#base/errors.ts";
import type { EngineClient } from "#client/engine-client.ts";
import type { Handler, Invocation } from "../command.ts";
import type { AttachOutcome } from "../streams/attached-streams.ts";
import { forwardSignals } from "../streams/forward-signals.ts";
import { followWindowSize } from "../streams/terminal-size.ts";
import { checkTerminal } from "./check-terminal.ts";
import type { ContainerRequest } from "./container-config.ts";
import { createContainer, requestOf, type CreatedContainer } from "./create-container.ts";
import { exitCodeOf } from "./exit-code.ts";
import { runOptionsOf, startAttached, startDetached, type AttachedRun, type AttachedStart } from "./start-attached.ts";
import { startFailureCode } from "./start-failure.ts";
import { withHelp } from "./with-help.ts";

const CLI_FAILED = 125;

/** `run`: create, attach, start, carry the streams, and end with the container's exit code. */
export const run: Handler = async (invocation) => {
  const request = forRun(invocation);
  const { flags, io } = invocation;
  if (!flags.on("detach")) checkTerminal(io, request.attachStdin, request.tty);
  const client = await invocation.client();
  const wanted = attachedStart(invocation, request);
  let created: CreatedContainer;
  try {
    created = await createContainer(invocation, request, runOptionsOf(wanted));
  } catch (error) {
    throw withHelp(error, invocation, CLI_FAILED);
  }
  const stopForwarding =
    flags.on("sig-proxy") && !flags.on("detach")
      ? forwardSignals(io, (signal) => client.containers.kill(created.id, signal))
      : undefined;
  try {
    return await runCreated(invocation, client, created, wanted);
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

function attachedStart({ flags, config }: Invocation, request: ContainerRequest): AttachedStart {
  const { attachStdin: stdin, attachStdout: stdout, attachStderr: stderr, tty, autoRemove } = request;
  return {
    stdin,
    stdout,
    stderr,
    tty,
    autoRemove,
    detachKeys: flags.text("detach-keys") || config.file.detachKeys || "",
  };
}

async function runCreated(
  invocation: Invocation,
  client: EngineClient,
  { id, begun }: CreatedContainer,
  wanted: AttachedStart,
): Promise<number> {
  const { io } = invocation;
  const { stdin, stdout, stderr, tty, autoRemove } = wanted;
  if (!stdout && !stderr) io.stdout.write(`${id}\n`);
  let running: AttachedRun | undefined;
  try {
    if (stdin || stdout || stderr) running = await startAttached(client, io, id, wanted, begun);
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
