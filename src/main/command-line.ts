import type { CommandFamily } from "#cli/command.ts";
import { runCli } from "#cli/run-cli.ts";
import { ProcessIo } from "#host/terminal/process-io.ts";
import { buildFacts } from "./build-facts.ts";

/** Commands of other programs than the engine's client, through the same flags and help. */
export const otherFamilies: readonly CommandFamily[] = [
  {
    words: { compose: "Define and run multi-container applications" },
    load: async () => [(await import("#compose/compose-command.ts")).composeCommand],
  },
  {
    words: { daemon: "Run the engine" },
    load: async () => [(await import("./daemon/daemon-command.ts")).daemonCommand],
  },
  { words: { registry: "" }, load: async () => (await import("./registry/registry-commands.ts")).registryCommands },
];

/** The person's side. */
export async function runProgram(name: string, argv: readonly string[], version: string): Promise<number> {
  const io = new ProcessIo(name);
  const exitCode = await runCli(argv, io, { families: otherFamilies, version, build: buildFacts });
  await io.written();
  return exitCode;
}
