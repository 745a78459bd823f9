import { BerthError } from "#base/errors.ts";
import type { EngineClient } from "#client/engine-client.ts";
import type { CliIo } from "../cli-io.ts";
import { runExec } from "../container/run-exec.ts";

/** The better shell, where there is one. */
const COMMAND = ["/bin/sh", "-c", "[ -x /bin/bash ] && exec /bin/bash; exec /bin/sh"];
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

/** A shell in a running container on this terminal, until it ends. `not-found` when there is none in the container. */
export async function openShell(
  api: EngineClient,
  io: Pick<CliIo, "stdin" | "stdout" | "stderr" | "onSignal" | "sleep">,
  { id, name }: { readonly id: string; readonly name: string },
): Promise<void> {
  const size = io.stdout.windowSize();
  const { Id } = await api.exec.create(id, {
    Tty: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    ...(size === undefined ? {} : { ConsoleSize: [size.rows, size.columns] as const }),
    Env: ["TERM=xterm-256color"],
    Cmd: COMMAND,
  });
  const streams = { tty: true, stdin: true, detachKeys: "" };
  let code: number | "detached" = 0;
  try {
    code = await runExec(api, io, Id, streams);
  } catch (error) {
    if (error instanceof BerthError && /executable file not found|no such file/.test(error.message)) code = NOT_FOUND;
    else throw error;
  }
  if (code === NOT_FOUND || code === NOT_EXECUTABLE)
    throw new BerthError("not-found", `${name} has no shell: 'debug ${name}' brings one`);
}
