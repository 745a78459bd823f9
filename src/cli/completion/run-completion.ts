import type { CliIo } from "../cli-io.ts";
import type { CommandFamily } from "../command.ts";
import { commandGroups, loadCommands, topLevelCommands } from "../commands/command-families.ts";
import type { CliConfig } from "../config/cli-config.ts";
import { globalFlags } from "../config/global-flags.ts";
import { aliases } from "../config/own-settings.ts";
import type { EngineConnection } from "../engine-connection.ts";
import { parseFlags } from "../flags/parse-flags.ts";
import { FlagValues, initialValues } from "../flags/flag-values.ts";
import { listPluginFiles } from "../plugins/plugin-files.ts";
import { printAnswer, type Candidate } from "./answer.ts";
import { complete } from "./complete.ts";
import type { NameSource } from "./names.ts";
import type { ReadLine } from "./read-line.ts";

export interface CompletionDeps {
  readonly io: CliIo;
  readonly families: readonly CommandFamily[];
  /** For the engine and settings that the words in front of the command name. */
  readonly open: (global: FlagValues) => { readonly config: CliConfig; readonly connection: EngineConnection };
}

/** `__complete WORDS…`, which the shells' scripts run: see {@link printAnswer}. */
export async function runCompletion(
  words: readonly string[],
  withNotes: boolean,
  { io, families, open }: CompletionDeps,
): Promise<number> {
  const flags = globalFlags(io);
  const { config, connection } = open(globalValues(words, io));
  const isFirst = words.length === 1;
  const commandWord = words.find((word) => !word.startsWith("-"));
  const commands = isFirst ? [] : await loadCommands(families, commandWord);
  const grammar = { globalFlags: flags, commands, groups: commandGroups };
  const answer = await complete(words, grammar, (line) => nameSource(line, { io, config, connection }));
  const first = isFirst ? [...firstWords(families), ...otherCommands(io, config)] : [];
  const candidates = [...answer.candidates, ...first.filter(({ value }) => value.startsWith(words[0] ?? ""))];
  io.stdout.write(printAnswer({ ...answer, candidates }, withNotes));
  connection.close();
  return 0;
}

/** The flags in front of the command, as far as they are finished. */
function globalValues(words: readonly string[], io: CliIo): FlagValues {
  const specs = globalFlags(io);
  for (let length = words.length - 1; length > 0; length -= 1) {
    try {
      return parseFlags(words.slice(0, length), specs, { interspersed: false }).flags;
    } catch {
      // the last of them waits for its value
    }
  }
  return new FlagValues(initialValues(specs), new Set());
}

/** Commands and groups, without their tables. */
function firstWords(families: readonly CommandFamily[]): readonly Candidate[] {
  const groups = commandGroups.map(({ path, summary }) => ({ value: path, note: summary }));
  const commands = topLevelCommands(families).map(({ name, summary }) => ({ value: name, note: summary }));
  return [...groups, ...commands].toSorted((a, b) => (a.value < b.value ? -1 : 1));
}

/** Plugins and aliases are commands too. */
function otherCommands(io: CliIo, config: CliConfig): readonly Candidate[] {
  return [...listPluginFiles(io, config), ...aliases(config.file)].map(({ name }) => ({ value: name }));
}

function nameSource(
  line: ReadLine,
  { io, config, connection }: { readonly io: CliIo; readonly config: CliConfig; readonly connection: EngineConnection },
): NameSource {
  return {
    client: connection.client,
    environment: Object.keys(io.env),
    async contexts() {
      const { ContextStore } = await import("../context/context-store.ts");
      const stored = new ContextStore(io, config.directory).all();
      return [
        { value: "default" },
        ...stored.map(({ Name, Metadata }) => ({ value: Name, note: Metadata.Description ?? "" })),
      ];
    },
    async services() {
      const { command, outer } = line;
      if (command?.nested === undefined) return [];
      const { flags } = parseFlags(outer, command.flags, { interspersed: false });
      return (await command.nested.names({ io, flags })).map((value) => ({ value }));
    },
  };
}
