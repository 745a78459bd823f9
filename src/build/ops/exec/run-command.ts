import { BerthError, cancelled } from "#base/errors.ts";
import { processError } from "#runtime/process-error.ts";
import type { AttachStream, SupervisedProcess } from "#runtime/types.ts";
import type { RootMount } from "#snapshot/types.ts";
import { FrameDecoder } from "#spec/docker/stdcopy.ts";
import type { CommandSeats } from "./command-seats.ts";
import { withCommand, type CommandDeps, type CommandRequest, type ReadyCommand } from "./command-container.ts";

/**
 * Run a step's command on `root` and wait for its end. Its output is reported as it comes. `invalid-parameter` with
 * `details.exitCode` when it fails; `cancelled`, with every process of it dead, when the signal aborts.
 */
export function runCommand(
  deps: CommandDeps,
  seats: CommandSeats,
  request: CommandRequest,
  root: RootMount,
): Promise<void> {
  const attached = Promise.withResolvers<AttachStream>();
  // While the command's root is still being made.
  const onMonitor = async (process: SupervisedProcess): Promise<void> =>
    attached.resolve(await process.attach({ stdin: false, stdout: true, stderr: true }));
  return withCommand(deps, seats, request, root, { terminal: false, stdin: "closed", onMonitor }, async (ready) =>
    finish(ready, request, await attached.promise),
  );
}

async function finish(
  { process, plan, kill, onStarted }: ReadyCommand,
  { operation, signal, report }: CommandRequest,
  stream: AttachStream,
): Promise<void> {
  const stop = (): void => void kill().catch(() => undefined);
  signal.addEventListener("abort", stop, { once: true });
  try {
    try {
      await process.go();
    } catch (error) {
      throw processError(error, plan, operation.args[0] ?? "");
    }
    await onStarted?.(process.pid);
    if (signal.aborted) stop();
    const decoder = new FrameDecoder();
    for await (const chunk of stream.readable) {
      for (const { stream: name, payload } of decoder.push(chunk))
        report({ type: "output", stream: name === "stderr" ? "stderr" : "stdout", bytes: payload.slice() });
    }
    const { exitCode, oomKilled } = await process.exited();
    if (signal.aborted) throw cancelled();
    if (exitCode === 0) return;
    const words = operation.args.join(" ");
    const why = oomKilled ? " (it was killed for want of memory)" : "";
    throw new BerthError("invalid-parameter", `The command '${words}' returned a non-zero code: ${exitCode}${why}`, {
      details: { exitCode, command: words },
    });
  } finally {
    signal.removeEventListener("abort", stop);
    // What the command left running ends with it.
    await kill().catch(() => undefined);
  }
}
