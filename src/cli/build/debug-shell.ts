import { isBerthError } from "#base/errors.ts";
import type { HijackedStream } from "#client/api-transport.ts";
import type { Invocation } from "../command.ts";
import { pullTools } from "../debug/pull-tools.ts";
import { carryStreams } from "../streams/attached-streams.ts";
import { followWindowSize } from "../streams/terminal-size.ts";

/** `--debug` opens a shell on this terminal, so there has to be one. */
export function checkDebugTerminal({ io }: Pick<Invocation, "io">): void {
  if (!io.stdin.isTerminal() || !io.stdout.isTerminal())
    throw new Error("--debug opens a shell where a step fails, and needs a terminal for it");
}

/** A shell where a build failed, until it ends. `id`: see BuildFailure. */
export async function debugShell(id: string, invocation: Invocation): Promise<void> {
  const { io } = invocation;
  const api = (await invocation.client()).build;
  io.stderr.write("A shell where the step failed. What is changed here is lost; 'exit' ends the build.\n");
  const { stream } = await open(id, invocation);
  const stopResizing = followWindowSize(io, (size) => api.resizeShell(id, size));
  try {
    await carryStreams({ stream, tty: true, stdin: true, stdout: true, stderr: true, detachKeys: "" }, io);
  } finally {
    stopResizing();
  }
}

/** The image with the tools is pulled when the place has no shell and the engine no such image. */
async function open(id: string, invocation: Invocation): Promise<HijackedStream> {
  const { io, flags } = invocation;
  const api = (await invocation.client()).build;
  const tools = flags.text("debug-tools");
  const shell = { tools, ...(io.stdout.windowSize() ?? { rows: 0, columns: 0 }) };
  try {
    return await api.openShell(id, shell);
  } catch (error) {
    if (!isBerthError(error, "not-found")) throw error;
    await pullTools(tools, invocation);
    return api.openShell(id, shell);
  }
}
