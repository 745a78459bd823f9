import { runCli } from "#cli/run-cli.ts";
import type { CommandResult } from "./command.ts";
import { cliEnvironment } from "./engines.ts";
import { RecordingIo } from "./recording-io.ts";

/**
 * Our command line against the engine at `host`, in this process: for the virtual machine, where a program takes seconds to
 * start. `docker`'s commands only; that the built program says the same is the tests' on the machine itself.
 */
export async function berthHere(host: string, args: readonly string[]): Promise<CommandResult> {
  const io = new RecordingIo({ ...process.env, ...cliEnvironment(host) });
  const code = await runCli(args, io, { version: "in a test" });
  return { code, ...io.texts };
}

/** Standard output of {@link berthHere}; throws with everything printed unless the code is 0. */
export async function mustBerthHere(host: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await berthHere(host, args);
  if (code !== 0) throw new Error(`berth ${args.join(" ")} ended with ${code}\n${stdout}${stderr}`);
  return stdout;
}
