import { BerthError } from "#base/errors.ts";
import { runCommand } from "#host/processes/process.ts";
import type { StepFailure } from "../types.ts";
import { programPath, runtimeCommand, type ForeignRuntime } from "./foreign-runtime.ts";
import { lastWords } from "./last-words.ts";

/** Longest a runtime's command may take; hooks run within. */
const patienceMs = 120_000;

/**
 * Run a foreign runtime's command on a container to its end. `internal` with a {@link StepFailure} that holds its own
 * words when it fails, `not-found` without its program, `deadline` when it takes more than two minutes.
 */
export async function runForeign(runtime: ForeignRuntime, log: string, ...command: readonly string[]): Promise<void> {
  const [file, ...args] = runtimeCommand(runtime, log, ...command);
  const result = await runCommand({ file, args, env: { PATH: programPath }, timeoutMs: patienceMs });
  if (result.exitCode === 0) return;
  const printed = new TextDecoder().decode(result.stderr).trim();
  const said = lastWords(log) ?? (printed === "" ? `exit status ${result.exitCode ?? result.signal ?? ""}` : printed);
  const failure: StepFailure = { step: -1, errno: result.exitCode ?? 0, what: "runtime", said };
  throw new BerthError("internal", said, { details: { failure } });
}
