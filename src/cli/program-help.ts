import type { CliIo } from "./cli-io.ts";
import type { Command, CommandFamily, CommandGroup } from "./command.ts";
import { COMMON_COMMANDS, commandGroups, topLevelCommands } from "./commands/command-families.ts";
import { globalFlags } from "./config/global-flags.ts";
import { commandList, flagHelp, type ListedCommand } from "./help.ts";
import type { Plugin } from "./plugins/plugin.ts";

/** The program's own help: what it is for, its commands by kind, its global flags. */
export function programHelp(
  io: CliIo,
  families: readonly CommandFamily[],
  plugins: readonly Plugin[],
  width: number,
): string {
  const { programName } = io;
  const topLevel = topLevelCommands(families).toSorted(byName);
  const common = COMMON_COMMANDS.flatMap((name) => topLevel.filter((command) => command.name === name));
  const broken = plugins.flatMap(({ Name, Err }) => (Err === undefined ? [] : [{ name: Name, summary: Err }]));
  const others = topLevel.filter((command) => !common.includes(command));
  return `${[
    `Usage:  ${programName} [OPTIONS] COMMAND`,
    "A self-sufficient runtime for containers",
    commandList("Common Commands", common),
    commandList(
      "Management Commands",
      [...commandGroups.map(({ path, summary }) => ({ name: path, summary })), ...pluginCommands(plugins)].toSorted(
        byName,
      ),
    ),
    commandList("Commands", others),
    ...(broken.length === 0 ? [] : [commandList("Invalid Plugins", broken)]),
    `Global Options:\n${flagHelp(globalFlags(io), width)}`,
    `Run '${programName} COMMAND --help' for more information on a command.`,
  ].join("\n\n")}\n`;
}

/** A star tells that it is not ours. */
function pluginCommands(plugins: readonly Plugin[]): readonly ListedCommand[] {
  return plugins
    .filter(({ Err }) => Err === undefined)
    .map(({ Name, ShortDescription }) => ({ name: `${Name}*`, summary: ShortDescription ?? "" }));
}

export function groupHelp(programName: string, group: CommandGroup, commands: readonly Command[]): string {
  const prefix = `${group.path} `;
  const members = commands
    .filter(({ hidden }) => hidden !== true)
    .flatMap(({ paths, summary }) => {
      const path = paths.find((candidate) => candidate.startsWith(prefix));
      return path === undefined ? [] : [{ name: path.slice(prefix.length), summary }];
    })
    .toSorted(byName);
  return `${[
    `Usage:  ${programName} ${group.path} COMMAND`,
    group.summary,
    commandList("Commands", members),
    `Run '${programName} ${group.path} COMMAND --help' for more information on a command.`,
  ].join("\n\n")}\n`;
}

function byName(a: ListedCommand, b: ListedCommand): number {
  return a.name < b.name ? -1 : 1;
}
