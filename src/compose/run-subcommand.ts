import { BerthError, isBerthError } from "#base/errors.ts";
import { checkArguments } from "#cli/check-arguments.ts";
import type { CliIo } from "#cli/cli-io.ts";
import type { Command, Handler } from "#cli/command.ts";
import { ExitError } from "#cli/errors.ts";
import type { FlagValues } from "#cli/flags/flag-values.ts";
import { parseFlags } from "#cli/flags/parse-flags.ts";
import { commandHelp, commandList } from "#cli/help.ts";
import { composeFlags, composeSummary, composeUsage } from "./commands/global-flags.ts";
import { absentSubcommands, subcommands } from "./commands/table.ts";
import type { Subcommand } from "./commands/subcommand.ts";

const usageError = 1;

/** The summary with every subcommand, as `compose --help` shows it. */
export function composeDescription(): string {
  return `${composeSummary}\n\n${commandList("Commands", subcommands)}`;
}

/** The words after `compose` and its flags. */
export const runSubcommand: Handler = async (invocation) => {
  const { io, flags: global } = invocation;
  const [word, ...words] = withoutHelp(global.on("version") ? ["version"] : invocation.args);
  if (word === undefined) {
    io.stdout.write(ownHelp(io));
    return 0;
  }
  const found = subcommands.find(({ name, aliases }) => name === word || aliases?.includes(word) === true);
  if (found === undefined) throw unknown(word, io.programName);
  const path = `compose ${found.name}`;
  const { flags: own, args, help, warnings } = parsed(found, words, io.programName);
  for (const warning of warnings) io.stdout.write(`${warning}\n`);
  if (help) {
    io.stdout.write(commandHelp(io.programName, asCommand(found), path, io.stdout.windowSize()?.columns || 80));
    return 0;
  }
  const complaint = checkArguments(found.args, args.length, `${io.programName} ${path}`);
  if (complaint !== undefined)
    throw new ExitError(
      usageError,
      `${io.programName}: ${complaint.sentence}\n\n${complaint.verb} '${io.programName} ${path} --help' for more information`,
    );
  refuseGiven(own, found.notYet ?? []);
  const handler = await found.load();
  return handler({ ...invocation, flags: own, args, global, commandPath: `${io.programName} ${path}` });
};

/** `compose help up` is `compose up --help`. */
const withoutHelp = (words: readonly string[]): readonly string[] =>
  words[0] === "help" ? [...words.slice(1, 2), ...(words.length > 1 ? ["--help"] : [])] : words;

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

function refuseGiven(given: FlagValues, notYet: readonly string[]): void {
  const name = notYet.find((flag) => given.given(flag));
  if (name !== undefined) throw new BerthError("not-implemented", `--${name} is not supported yet`);
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

function unknown(word: string, program: string): ExitError {
  const why = absentSubcommands.get(word);
  const sentence =
    why === undefined
      ? `unknown docker command: "compose ${word}"`
      : `the command '${program} compose ${word}' is not supported: ${why}`;
  return new ExitError(usageError, `${sentence}\n\nRun '${program} compose --help' for more information`);
}
