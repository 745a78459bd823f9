import { isBerthError } from "#base/errors.ts";
import { checkArguments } from "#cli/check-arguments.ts";
import type { CliIo } from "#cli/cli-io.ts";
import type { Command, Handler } from "#cli/command.ts";
import { ExitError } from "#cli/errors.ts";
import type { FlagValues } from "#cli/flags/flag-values.ts";
import { parseFlags } from "#cli/flags/parse-flags.ts";
import { commandHelp, commandList } from "#cli/help.ts";
import { nearest } from "#cli/nearest.ts";
import { composeFlags, composeSummary, composeUsage } from "./commands/global-flags.ts";
import { subcommandGroups, subcommands } from "./commands/table.ts";
import type { Subcommand } from "./commands/subcommand.ts";

const usageError = 1;

/** The summary with every subcommand, as `compose --help` shows it. */
export function composeDescription(): string {
  return `${composeSummary}\n\n${commandList("Commands", listedBelow(""))}`;
}

/** What a list of commands shows behind `prefix`: those of one word more, and families of longer ones. */
function listedBelow(prefix: string): readonly { readonly name: string; readonly summary: string }[] {
  const before = prefix === "" ? "" : `${prefix} `;
  return [...subcommands, ...subcommandGroups]
    .filter(({ name, hidden }) => hidden !== true && name.startsWith(before))
    .map(({ name, summary }) => ({ name: name.slice(before.length), summary }))
    .filter(({ name }) => !name.includes(" "))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The words after `compose` and its flags. */
export const runSubcommand: Handler = async (invocation) => {
  const { io, flags: global } = invocation;
  const typed = withoutHelp(global.on("version") ? ["version"] : invocation.args);
  if (typed.length === 0) {
    io.stdout.write(ownHelp(io));
    return 0;
  }
  const { found, words } = foundBy(typed);
  if (found === undefined) return groupHelp(typed, io);
  for (const sentence of outdatedFlags(global)) io.stderr.write(`${sentence}\n`);
  const path = `compose ${found.name}`;
  const { flags: own, args, help, warnings } = parsed(found, words, io.programName);
  for (const warning of warnings) io.stdout.write(`${warning}\n`);
  if (help) {
    io.stdout.write(commandHelp(io.programName, asCommand(found), path, io.stdout.windowSize()?.columns || 80));
    return 0;
  }
  const complaint = checkArguments(found.args, args, `${io.programName} ${path}`);
  if (complaint !== undefined)
    throw new ExitError(
      usageError,
      `${io.programName}: ${complaint.sentence}\n\n${complaint.verb} '${io.programName} ${path} --help' for more information`,
    );
  const handler = await found.load();
  const again = (flags: FlagValues, line: readonly string[]): Promise<number> =>
    runSubcommand({ ...invocation, flags, args: line });
  const whole = own.on("dry-run") ? global.with("dry-run", true) : global;
  const client = whole.on("dry-run") ? unchanging(invocation, path) : invocation.client;
  return handler({
    ...{ ...invocation, flags: own, args, global: whole },
    ...{ client, again, commandPath: `${io.programName} ${path}` },
  });
};

/** The command with the most words that the line begins with, and the words behind it. */
function foundBy(typed: readonly string[]): {
  readonly found: Subcommand | undefined;
  readonly words: readonly string[];
} {
  for (let length = Math.min(3, typed.length); length > 0; length--) {
    const path = typed.slice(0, length).join(" ");
    const found = subcommands.find(({ name, aliases }) => name === path || aliases?.includes(path) === true);
    if (found !== undefined) return { found, words: typed.slice(length) };
  }
  return { found: undefined, words: typed };
}

/** docker-compat: said by docker compose's own words. */
function outdatedFlags(global: FlagValues): readonly string[] {
  return [
    ...(global.on("no-ansi") ? ["option '--no-ansi' is DEPRECATED ! Please use '--ansi' instead."] : []),
    ...(global.given("workdir")
      ? ["option '--workdir' is DEPRECATED at root level! Please use '--project-directory' instead."]
      : []),
  ];
}

/** In a dry run not even a mistake of ours changes anything. */
const unchanging =
  ({ client }: Parameters<Handler>[0], path: string) =>
  async (): ReturnType<typeof client> => {
    const reached = await client();
    reached.transport.refuseChanges(`${path} is not supported in dry-run mode`);
    return reached;
  };

/** A family of commands without the word that names one of them. */
function groupHelp(typed: readonly string[], { programName, stdout }: CliIo): number {
  const words = typed.filter((word) => word !== "--help" && word !== "-h");
  const path = words.join(" ");
  const group = subcommandGroups.find(({ name }) => name === path);
  if (group === undefined) throw unknown(path, programName);
  const below = listedBelow(group.name);
  stdout.write(
    `Usage:  ${programName} compose ${group.name} COMMAND\n\n${group.summary}\n\n${commandList("Commands", below)}\n\nRun '${programName} compose ${group.name} COMMAND --help' for more information on a command.\n`,
  );
  return 0;
}

/** `compose help up` is `compose up --help`. */
const withoutHelp = (words: readonly string[]): readonly string[] =>
  words[0] === "help" ? [...words.slice(1), ...(words.length > 1 ? ["--help"] : [])] : words;

function parsed(found: Subcommand, words: readonly string[], program: string): ReturnType<typeof parseFlags> {
  try {
    return parseFlags(words, found.flags, { interspersed: found.interspersed !== false });
  } catch (error) {
    if (!isBerthError(error, "invalid-parameter")) throw error;
    throw new ExitError(
      usageError,
      `${error.message}\n\nUsage:  ${program} compose ${found.name} ${found.usage}\n\nRun '${program} compose ${found.name} --help' for more information`,
    );
  }
}

/** `compose` without a word. */
function ownHelp({ programName, stdout }: CliIo): string {
  const command: Command = {
    kind: "command",
    paths: ["compose"],
    usage: composeUsage,
    summary: composeSummary,
    description: composeDescription(),
    flags: composeFlags,
    args: { kind: "at-least", count: 0 },
    load: () => Promise.resolve(runSubcommand),
  };
  return commandHelp(programName, command, "compose", stdout.windowSize()?.columns || 80);
}

/** A subcommand as the help prints it. */
const asCommand = ({ name, ...rest }: Subcommand): Command => ({
  kind: "command",
  paths: [`compose ${name}`],
  usage: rest.usage,
  summary: rest.summary,
  flags: rest.flags,
  args: rest.args,
  load: () => Promise.resolve(runSubcommand),
});

function unknown(path: string, program: string): ExitError {
  const names = [...subcommands, ...subcommandGroups].filter(({ hidden }) => hidden !== true).map(({ name }) => name);
  const [typed = ""] = path.split(" -", 1);
  const [first = ""] = typed.split(" ", 1);
  // docker-compat: called `docker`, it says what docker says.
  const near = program === "docker" ? undefined : (nearest(typed, names) ?? nearest(first, names));
  const suggestion = near === undefined ? "" : `\n\nDid you mean 'compose ${near}'?`;
  return new ExitError(
    usageError,
    `unknown docker command: "compose ${path}"${suggestion}\n\nRun '${program} compose --help' for more information`,
  );
}
