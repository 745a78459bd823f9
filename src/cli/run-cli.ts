import { BerthError, isBerthError } from "#base/errors.ts";
import type { CliIo } from "./cli-io.ts";
import type { Command, CommandFamily, CommandGroup, Invocation } from "./command.ts";
import { absentCommand } from "./absent-commands.ts";
import { checkArguments } from "./check-arguments.ts";
import { commandGroups, engineFamilies, loadCommands } from "./commands/command-families.ts";
import { CliConfig } from "./config/cli-config.ts";
import { contextName, globalFlags, namedEngine } from "./config/global-flags.ts";
import { aliasOf, prefersPlugin } from "./config/own-settings.ts";
import { engineConnection } from "./engine-connection.ts";
import { ExitError, shownMessage } from "./errors.ts";
import { parseFlags } from "./flags/parse-flags.ts";
import { findCommand, type Found } from "./find-command.ts";
import { commandHelp, usageLine } from "./help.ts";
import { nearest } from "./nearest.ts";
import { requireApi } from "./require-api.ts";
import type { FlagValues } from "./flags/flag-values.ts";

const USAGE_ERROR = 125;
const FAILED = 1;
const SIGPIPE_EXIT = 141;

export interface CliOptions {
  /** Commands that the composition root adds to the engine's: `daemon`. */
  readonly families?: readonly CommandFamily[];
  /** Shown by `--version` and `version`. */
  readonly version: string;
  /** What it was built from; shown by `version`. */
  readonly build?: { readonly gitCommit: string; readonly buildTime: string };
}

/**
 * Runs the command line `argv` (without the program's name) and resolves to the exit code. The caller ends the process
 * with it: a read of stdin may still be pending.
 */
export async function runCli(argv: readonly string[], io: CliIo, options: CliOptions): Promise<number> {
  try {
    return await new Cli(io, options).run(argv);
  } catch (error) {
    return report(error, io);
  }
}

function report(error: unknown, io: CliIo): number {
  if (isBerthError(error, "cancelled") && error.details["code"] === "EPIPE") return SIGPIPE_EXIT;
  const message = shownMessage(error);
  if (message !== "") {
    try {
      io.stderr.write(`${message}\n`);
      if (error instanceof BerthError && error.hint !== undefined && io.programName !== "docker")
        io.stderr.write(`${error.hint}\n`);
    } catch {
      return SIGPIPE_EXIT; // nobody reads stderr
    }
  }
  return error instanceof ExitError ? error.exitCode : FAILED;
}

/** With the words of an alias in place of its name; a command's own name is none. */
function expandAlias(
  words: readonly string[],
  config: CliConfig,
  families: readonly CommandFamily[],
): readonly string[] {
  const [name = "", ...rest] = words;
  const expanded = aliasOf(name, config.file);
  return expanded === undefined || families.some(({ words }) => Object.hasOwn(words, name))
    ? words
    : [...expanded, ...rest];
}

class Cli {
  readonly #io: CliIo;
  readonly #options: CliOptions;
  readonly #families: readonly CommandFamily[];

  constructor(io: CliIo, options: CliOptions) {
    this.#io = io;
    this.#options = options;
    this.#families = [...engineFamilies, ...(options.families ?? [])];
  }

  async run(argv: readonly string[]): Promise<number> {
    const { programName, stdout } = this.#io;
    if (argv[0] === "__complete" || argv[0] === "__completeNoDesc")
      return this.#complete(argv.slice(1), argv[0] === "__complete");
    const usage = `Usage:  ${programName} [OPTIONS] COMMAND [ARG...]`;
    const { flags, args, help, warnings } = this.#parse(argv, globalFlags(this.#io), false, usage, programName);
    for (const warning of warnings) this.#io.stderr.write(`${warning}\n`);
    if (flags.on("version")) {
      const { version } = this.#options;
      stdout.write(
        programName === "docker" ? `Docker version ${version}, build berth\n` : `Berth version ${version}\n`,
      );
      return 0;
    }
    const config = CliConfig.open(this.#io, flags.text("config"));
    const words = expandAlias(args[0] === "help" ? args.slice(1) : args, config, this.#families);
    const wantsHelp = help || args[0] === "help";
    if (words.length === 0) return this.#programHelp(config);
    const found = await this.#find(words);
    const isOurs = found.kind !== "unknown" || found.group !== undefined;
    if (!isOurs || prefersPlugin(words[0] ?? "", config.file)) {
      const before = argv.slice(0, argv.length - args.length + (args[0] === "help" ? 1 : 0));
      const code = await this.#runPlugin(words[0] ?? "", [...before, ...words], flags, config);
      if (code !== undefined) return code;
    }
    if (found.kind === "group") return this.#groupHelp(found.group, words.slice(1));
    if (found.kind === "unknown") throw this.#unknown(words, found);
    if (wantsHelp) return this.#commandHelp(found.command, found.path);
    return this.#runCommand(found.command, found.path, found.rest, flags, config);
  }

  /** In the families that have the first word; all of them for what is not there, so that the nearest is found. */
  async #find(words: readonly string[]): Promise<Found> {
    const found = findCommand(words, await loadCommands(this.#families, words[0]), commandGroups);
    return found.kind === "unknown" ? findCommand(words, await loadCommands(this.#families), commandGroups) : found;
  }

  async #complete(words: readonly string[], withNotes: boolean): Promise<number> {
    const io = this.#io;
    const { runCompletion } = await import("./completion/run-completion.ts");
    const open = (global: FlagValues) => {
      const config = CliConfig.open(io, global.text("config"));
      return { config, connection: engineConnection(global, io, config, this.#options.version) };
    };
    return runCompletion(words, withNotes, { io, families: this.#families, open });
  }

  /** Undefined when there is no usable plugin of that name. */
  async #runPlugin(
    name: string,
    argv: readonly string[],
    flags: FlagValues,
    config: CliConfig,
  ): Promise<number | undefined> {
    const io = this.#io;
    const { findPluginFile } = await import("./plugins/plugin-files.ts");
    const file = findPluginFile(name, io, config);
    if (file === undefined) return undefined;
    const { readPlugin } = await import("./plugins/read-plugin.ts");
    const { Err } = await readPlugin(file, io);
    if (Err !== undefined) {
      io.stderr.write(`WARNING: Plugin ${JSON.stringify(file.path)} is not valid: ${Err}\n`);
      return undefined;
    }
    const { runPlugin } = await import("./plugins/run-plugin.ts");
    const engine = { contextName: contextName(flags, io, config), defaultEngine: namedEngine(flags, io) };
    return runPlugin(file, argv, engine, io);
  }

  async #runCommand(
    command: Command,
    path: string,
    argv: readonly string[],
    global: FlagValues,
    config: CliConfig,
  ): Promise<number> {
    const io = this.#io;
    const commandPath = `${io.programName} ${path}`;
    const usage = usageLine(io.programName, command, path);
    // docker-compat: what is a plugin there ends with its own code.
    const code = command.nested === undefined ? USAGE_ERROR : FAILED;
    const parsed = this.#parse(argv, command.flags, command.interspersed !== false, usage, commandPath, code);
    // docker-compat: these sentences stand in standard output.
    for (const warning of parsed.warnings) io.stdout.write(`${warning}\n`);
    if (parsed.help) return this.#commandHelp(command, path);
    const complaint = checkArguments(command.args, parsed.args, commandPath);
    if (complaint !== undefined) {
      throw new ExitError(
        FAILED,
        `${io.programName}: ${complaint.sentence}\n\n${usage}\n\n${complaint.verb} '${commandPath} --help' for more information`,
      );
    }
    const misplaced = command.flags.filter(({ name, onlyOn }) => onlyOn !== undefined && parsed.flags.given(name));
    if (misplaced.length > 0) {
      const sentence =
        "is only supported on a Docker daemon running on windows, but the Docker daemon is running on linux";
      throw new ExitError(FAILED, misplaced.map(({ name }) => `"--${name}" ${sentence}`).join("\n"));
    }
    const connection = engineConnection(global, io, config, this.#options.version);
    const invocation: Invocation = {
      ...connection,
      io,
      flags: parsed.flags,
      args: parsed.args,
      commandPath,
      families: this.#families,
      config,
      clientVersion: this.#options.version,
      clientBuild: this.#options.build ?? { gitCommit: "", buildTime: "" },
    };
    try {
      await requireApi(command, parsed.flags, commandPath, invocation);
      const handler = await command.load();
      return await handler(invocation);
    } finally {
      connection.close();
    }
  }

  #parse(
    argv: readonly string[],
    specs: Command["flags"],
    interspersed: boolean,
    usage: string,
    commandPath: string,
    code = USAGE_ERROR,
  ): ReturnType<typeof parseFlags> {
    try {
      return parseFlags(argv, specs, { interspersed });
    } catch (error) {
      if (!isBerthError(error, "invalid-parameter")) throw error;
      throw new ExitError(
        code,
        `${error.message}${this.#nearestFlag(error.message, specs)}\n\n${usage}\n\nRun '${commandPath} --help' for more information`,
      );
    }
  }

  /** docker-compat: called `docker`, it says what docker says. */
  #nearestFlag(message: string, specs: Command["flags"]): string {
    const typed = /^unknown flag: --(.+)$/.exec(message)?.[1];
    if (typed === undefined || this.#io.programName === "docker") return "";
    const shown = specs.filter(({ hidden }) => hidden !== true).map(({ name }) => name);
    const near = nearest(typed, shown);
    return near === undefined ? "" : `\n\nDid you mean '--${near}'?`;
  }

  async #commandHelp(command: Command, path: string): Promise<number> {
    const described = command.describe === undefined ? command : { ...command, description: await command.describe() };
    this.#io.stdout.write(commandHelp(this.#io.programName, described, path, this.#width()));
    return 0;
  }

  async #programHelp(config: CliConfig): Promise<number> {
    const { programHelp } = await import("./program-help.ts");
    const { readPlugins } = await import("./plugins/read-plugins.ts");
    const plugins = await readPlugins(this.#io, config, this.#families);
    this.#io.stdout.write(programHelp(this.#io, this.#families, plugins, this.#width()));
    return 0;
  }

  async #groupHelp(group: CommandGroup, words: readonly string[]): Promise<number> {
    const path = `${this.#io.programName} ${group.path}`;
    this.#parse(words, [], true, `Usage:  ${path} COMMAND`, path);
    const { groupHelp } = await import("./program-help.ts");
    this.#io.stdout.write(groupHelp(this.#io.programName, group, await loadCommands(this.#families, group.path)));
    return 0;
  }

  #unknown(words: readonly string[], { path, near, group }: Extract<Found, { kind: "unknown" }>): ExitError {
    const { programName } = this.#io;
    const absent = absentCommand(words[0] ?? "");
    if (absent !== undefined)
      return new ExitError(FAILED, `${programName}: the command '${programName} ${words[0] ?? ""}' ${absent}`);
    const scope = group === undefined ? programName : `${programName} ${group.path}`;
    const usage =
      group === undefined ? "" : `\n\nUsage:  ${scope}${group.usage === undefined ? "" : ` ${group.usage}`}`;
    const suggestion = near === undefined ? "" : `\n\nDid you mean '${near}'?`;
    const message = `${programName}: unknown command: ${programName} ${path}${suggestion}${usage}\n\nRun '${scope} --help' for more information`;
    return new ExitError(FAILED, message);
  }

  #width(): number {
    return this.#io.stdout.windowSize()?.columns || 80;
  }
}
