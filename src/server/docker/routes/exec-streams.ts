import { consoleSize, type PreparedExec } from "#engine/exec/start.ts";
import type { Engine } from "#engine/engine.ts";
import type { AttachStream } from "#runtime/types.ts";
import type { ExecStartConfig } from "#spec/docker/exec.ts";
import type { Call } from "../call.ts";
import { parseDetachKeys } from "../detach-keys.ts";
import { pipe, type PipeEnd } from "../pipe.ts";
import type { RawConnection } from "../reply.ts";

/** Before API 1.42 a terminal got its size when it ran. */
export const hasConsoleSize = (call: Call): boolean => call.version.minor >= 42;

/** Whoever comes second for the same exec is refused from now on. */
export function startedExec(
  engine: Engine,
  call: Call,
  id: string,
  { Detach, ConsoleSize }: Pick<ExecStartConfig, "Detach" | "ConsoleSize">,
): PreparedExec {
  const size = ConsoleSize === null || !hasConsoleSize(call) ? undefined : consoleSize(ConsoleSize);
  return engine.execs.start(id, { detach: Detach, consoleSize: size });
}

/** Bytes both ways; see {@link pipe}. */
export async function pipeExec(prepared: PreparedExec, client: RawConnection, stream: AttachStream): Promise<PipeEnd> {
  const how = await pipe(client, stream, {
    input: prepared.input,
    terminal: prepared.terminal,
    endsInput: !prepared.terminal,
    detachKeys: parseDetachKeys(prepared.detachKeys),
  });
  if (how === "detached") prepared.detached();
  return how;
}
