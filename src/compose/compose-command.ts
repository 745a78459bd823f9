import type { Command } from "#cli/command.ts";
import { composeFlags, composeSummary, composeUsage } from "./commands/global-flags.ts";

/** `compose`: its own flags, then a subcommand with its own. What it does is loaded when it runs. */
export const composeCommand: Command = {
  kind: "command",
  paths: ["compose"],
  usage: composeUsage,
  summary: composeSummary,
  describe: async () => (await import("./run-subcommand.ts")).composeDescription(),
  flags: composeFlags,
  args: { kind: "at-least", count: 0 },
  interspersed: false,
  nested: {
    commands: async () => (await import("./commands/table.ts")).subcommands,
    names: async (line) => (await import("./commands/service-names.ts")).serviceNames(line),
  },
  load: async () => (await import("./run-subcommand.ts")).runSubcommand,
};
