import { BerthError } from "#base/errors.ts";
import type { ContainerState } from "#spec/docker/container.ts";
import type { Handler } from "../command.ts";
import { detachedByKeys } from "../errors.ts";
import { carryStreams } from "../streams/attached-streams.ts";
import { forwardSignals } from "../streams/forward-signals.ts";
import { followWindowSize } from "../streams/terminal-size.ts";
import { checkTerminal } from "./check-terminal.ts";
import { exitCodeOf } from "./exit-code.ts";

/** `attach`: joins a running container's streams. */
export const attach: Handler = async ({ flags, args, io, client, config }) => {
  const [name = ""] = args;
  const api = await client();
  const { Id: id, Config, State } = await api.containers.inspect(name);
  checkRunning(State);
  const tty = Config.Tty === true;
  const stdin = !flags.on("no-stdin") && Config.OpenStdin === true;
  checkTerminal(io, !flags.on("no-stdin"), tty);
  const detachKeys = flags.text("detach-keys") || config.file.detachKeys || "";
  const waited = await api.containers.wait(id);
  const { stream } = await api.containers.attach(id, { stream: true, stdin, stdout: true, stderr: true, detachKeys });
  const stopForwarding =
    flags.on("sig-proxy") && !tty ? forwardSignals(io, (signal) => api.containers.kill(id, signal)) : undefined;
  const stopResizing =
    tty && io.stdout.isTerminal() ? followWindowSize(io, (size) => api.containers.resize(id, size)) : undefined;
  try {
    if ((await carryStreams({ stream, tty, stdin, stdout: true, stderr: true, detachKeys }, io)) === "detached")
      throw detachedByKeys();
    return exitCodeOf(await waited(), io);
  } finally {
    stopForwarding?.();
    stopResizing?.();
  }
};

function checkRunning(state: ContainerState): void {
  const refuse = (message: string): never => {
    throw new BerthError("conflict", message);
  };
  if (!state.Running) refuse("You cannot attach to a stopped container, start it first");
  if (state.Paused) refuse("You cannot attach to a paused container, unpause it first");
  if (state.Restarting) refuse("You cannot attach to a restarting container, wait until it is running");
}
