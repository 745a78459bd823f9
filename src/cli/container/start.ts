import { BerthError } from "#base/errors.ts";
import type { Handler, Invocation } from "../command.ts";
import { ExitError, shownMessage } from "../errors.ts";
import { forwardSignals } from "../streams/forward-signals.ts";
import { followWindowSize } from "../streams/terminal-size.ts";
import { portQuestion } from "../next-step.ts";
import { exitCodeOf } from "./exit-code.ts";
import { startAttached } from "./start-attached.ts";

/** `start`: with `--attach` or `--interactive` one container, its streams carried and its exit code returned. */
export const start: Handler = async (invocation) => {
  const { flags, args, io, client } = invocation;
  if (flags.text("checkpoint") !== "" || flags.text("checkpoint-dir") !== "") {
    throw new BerthError("not-implemented", "starting from a checkpoint is not supported");
  }
  if (flags.on("attach") || flags.on("interactive")) {
    if (args.length > 1)
      throw new BerthError("invalid-parameter", "you cannot start and attach multiple containers at once");
    return startOne(invocation, args[0] ?? "");
  }
  const api = await client();
  const failed: string[] = [];
  for (const name of args) {
    try {
      await api.containers.start(name);
      io.stdout.write(`${name}\n`);
    } catch (error) {
      const step = portQuestion(error, io);
      io.stderr.write(`${shownMessage(error)}\n${step === undefined ? "" : `${step}\n`}`);
      failed.push(name);
    }
  }
  if (failed.length > 0) throw new ExitError(1, `Error: failed to start containers: ${failed.join(", ")}`);
  return 0;
};

async function startOne({ flags, io, client, config }: Invocation, name: string): Promise<number> {
  const api = await client();
  const { Id: id, Config, HostConfig } = await api.containers.inspect(name);
  const tty = Config.Tty === true;
  const stdin = flags.on("interactive") && Config.OpenStdin === true;
  const detachKeys = flags.text("detach-keys") || config.file.detachKeys || "";
  const stopForwarding = tty ? undefined : forwardSignals(io, (signal) => api.containers.kill(id, signal));
  let stopResizing: (() => void) | undefined;
  try {
    const wanted = { stdin, stdout: true, stderr: true, tty, detachKeys, autoRemove: HostConfig.AutoRemove === true };
    const running = await startAttached(api, io, id, wanted);
    if (tty && io.stdout.isTerminal()) stopResizing = followWindowSize(io, (size) => api.containers.resize(id, size));
    if ((await running.carried) === "detached") return 0;
    return exitCodeOf(await running.waited(), io);
  } finally {
    stopResizing?.();
    stopForwarding?.();
  }
}
