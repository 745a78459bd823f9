import type { EngineClient } from "#client/engine-client.ts";
import type { CliIo } from "../cli-io.ts";
import { carryStreams } from "../streams/attached-streams.ts";
import { followWindowSize } from "../streams/terminal-size.ts";

export interface ExecStreams {
  readonly tty: boolean;
  readonly stdin: boolean;
  /** Empty = docker's default. */
  readonly detachKeys: string;
}

/** Starts an exec that was created and carries its streams until it ends. Its exit code, 0 when it was detached from. */
export async function runExec(
  api: EngineClient,
  io: Pick<CliIo, "stdin" | "stdout" | "stderr" | "onSignal" | "sleep">,
  id: string,
  { tty, stdin, detachKeys }: ExecStreams,
): Promise<number> {
  const size = tty ? io.stdout.windowSize() : undefined;
  const consoleSize = size === undefined ? {} : { consoleSize: [size.rows, size.columns] as const };
  const { stream } = await api.exec.attach(id, { tty, ...consoleSize });
  // For the exit code: its stream has taken the connection that was there.
  void api.transport.prepare();
  const stopResizing =
    tty && io.stdout.isTerminal() ? followWindowSize(io, (now) => api.exec.resize(id, now)) : undefined;
  try {
    const outcome = await carryStreams({ stream, tty, stdin, stdout: true, stderr: true, detachKeys }, io);
    if (outcome === "detached") return 0;
  } finally {
    stopResizing?.();
  }
  const { ExitCode } = await api.exec.inspect(id);
  return ExitCode ?? 0;
}
