import type { EngineClient } from "#client/engine-client.ts";
import type { ExecApi, ExecStartOptions } from "#client/exec-api.ts";
import type { Duplex } from "#host/http/duplex.ts";
import { runFeature } from "#spec/berth/ended-output.ts";
import type { CliIo } from "../cli-io.ts";
import { carryStreams } from "../streams/attached-streams.ts";
import { followWindowSize } from "../streams/terminal-size.ts";

export interface ExecStreams {
  readonly tty: boolean;
  readonly stdin: boolean;
  /** Empty = docker's default. */
  readonly detachKeys: string;
}

/**
 * Starts an exec that was created and carries its streams until it ends: its exit code, or that the person has left it.
 * `begun`: the request that made it runs it.
 */
export async function runExec(
  api: EngineClient,
  io: Pick<CliIo, "stdin" | "stdout" | "stderr" | "onSignal" | "sleep">,
  id: string,
  { tty, stdin, detachKeys }: ExecStreams,
  begun?: () => ReturnType<ExecApi["run"]>,
): Promise<number | "detached"> {
  const size = tty ? io.stdout.windowSize() : undefined;
  const consoleSize = size === undefined ? {} : { consoleSize: [size.rows, size.columns] as const };
  const { stream, exitCode } = await startExec(api, id, { tty, ...consoleSize }, begun);
  const stopResizing =
    tty && io.stdout.isTerminal() ? followWindowSize(io, (now) => api.exec.resize(id, now)) : undefined;
  try {
    const outcome = await carryStreams({ stream, tty, stdin, stdout: true, stderr: true, detachKeys }, io);
    if (outcome === "detached") return outcome;
  } finally {
    stopResizing?.();
  }
  return exitCode();
}

/** By one request for all where the engine has it. */
async function startExec(
  api: EngineClient,
  id: string,
  options: ExecStartOptions,
  begun: (() => ReturnType<ExecApi["run"]>) | undefined,
): Promise<{ readonly stream: Duplex; readonly exitCode: () => Promise<number> }> {
  const inspected = async (): Promise<number> => (await api.exec.inspect(id)).ExitCode ?? 0;
  if (begun !== undefined || api.transport.hasFeature(runFeature)) {
    const { stream, end } = await (begun?.() ?? api.exec.run(id, options));
    return { stream, exitCode: async () => end()?.ExitCode ?? inspected() };
  }
  const { stream } = await api.exec.attach(id, options);
  // For the exit code: its stream has taken the connection that was there.
  void api.transport.prepare();
  return { stream, exitCode: inspected };
}
