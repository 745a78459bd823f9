import type { Handler, Invocation } from "../command.ts";
import { detachedByKeys } from "../errors.ts";
import { checkTerminal } from "./check-terminal.ts";
import { environmentOf } from "./options/environment.ts";
import { runExec } from "./run-exec.ts";

/** `exec`: runs a command in a running container and ends with its exit code. */
export const execCommand: Handler = async (invocation) => {
  const { flags, args, io, client, config } = invocation;
  const [container = "", ...command] = args;
  const tty = flags.on("tty");
  const detach = flags.on("detach");
  const stdin = flags.on("interactive") && !detach;
  const detachKeys = flags.text("detach-keys") || config.file.detachKeys || "";
  if (!detach) checkTerminal(io, stdin, tty);
  const api = await client();
  const size = tty && !detach ? io.stdout.windowSize() : undefined;
  const asked = {
    User: flags.text("user"),
    Privileged: flags.on("privileged"),
    Tty: tty,
    ...(size === undefined ? {} : { ConsoleSize: [size.rows, size.columns] as const }),
    AttachStdin: stdin,
    AttachStderr: !detach,
    AttachStdout: !detach,
    Detach: detach,
    DetachKeys: detach ? "" : detachKeys,
    Env: environment(invocation),
    WorkingDir: flags.text("workdir"),
    Cmd: command,
  };
  if (detach) {
    const { Id: id } = await api.exec.create(container, asked);
    await api.exec.startDetached(id, { tty });
    return 0;
  }
  const { made, run } = stdin
    ? { made: await api.exec.create(container, asked) }
    : await api.exec.createAndRun(container, asked);
  const outcome = await runExec(api, io, made.Id, { tty, stdin, detachKeys }, run);
  if (outcome === "detached") throw detachedByKeys();
  return outcome;
};

function environment({ flags, io }: Invocation): readonly string[] | null {
  const variables = environmentOf(flags.list("env-file"), flags.list("env"), io);
  return variables.length === 0 ? null : variables;
}
