import type { CliIo } from "./cli-io.ts";
import type { Command, CommandGroup } from "./command.ts";
import { COMMON_COMMANDS, commandGroups } from "./commands/command-families.ts";
import { globalFlags } from "./config/global-flags.ts";
import { commandList, flagHelp, type ListedCommand } from "./help.ts";

/** The program's own help: what it is for, its commands by kind, its global flags. */
export function programHelp(io: CliIo, commands: readonly Command[], width: number): string {
  const { programName } = io;
  const topLevel = listed(commands, (path) => (path.includes(" ") ? undefined : path));
  const common = COMMON_COMMANDS.flatMap((name) => topLevel.filter((command) => command.name === name));
  const others = topLevel.filter((command) => !common.includes(command));
  return `${[
    `Usage:  ${programName} [OPTIONS] COMMAND`,
    "A self-sufficient runtime for containers",
    commandList("Common Commands", common),
    commandList(
      "Management Commands",
      commandGroups.map(({ path, summary }) => ({ name: path, summary })),
    ),
    commandList("Commands", others),
    `Global Options:\n${flagHelp(globalFlags(io), width)}`,
    `Run '${programName} COMMAND --help' for more information on a command.`,
  ].join("\n\n")}\n`;
}

export function groupHelp(programName: string, group: CommandGroup, commands: readonly Command[]): string {
  const prefix = `${group.path} `;
  const members = listed(commands, (path) => (path.startsWith(prefix) ? path.slice(prefix.length) : undefined));
  return `${[
    `Usage:  ${programName} ${group.path} COMMAND`,
    group.summary,
    commandList("Commands", members),
    `Run '${programName} ${group.path} COMMAND --help' for more information on a command.`,
  ].join("\n\n")}\n`;
}

function listed(commands: readonly Command[], nameOf: (path: string) => string | undefined): readonly ListedCommand[] {
  return commands
    .filter(({ hidden }) => hidden !== true)
    .flatMap(({ paths, summary }) => {
      const name = paths.map(nameOf).find((candidate) => candidate !== undefined);
      return name === undefined ? [] : [{ name, summary }];
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
