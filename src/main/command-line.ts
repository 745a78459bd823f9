import { runCli } from "#cli/run-cli.ts";
import { composeCommand } from "#compose/compose-command.ts";
import { ProcessIo } from "#host/terminal/process-io.ts";
import { buildFacts } from "./build-facts.ts";
import { daemonCommand } from "./daemon/daemon-command.ts";
import { registryCommands } from "./registry/registry-commands.ts";

/** The person's side, and `daemon`, `compose` and `registry` through the same flags and help. */
export function runProgram(name: string, argv: readonly string[], version: string): Promise<number> {
  return runCli(argv, new ProcessIo(name), {
    commands: [daemonCommand, composeCommand, ...registryCommands],
    version,
    build: buildFacts,
  });
}
