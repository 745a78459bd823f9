import type { CliIo } from "../cli-io.ts";
import type { CommandFamily } from "../command.ts";
import { commandGroups, loadCommands } from "../commands/command-families.ts";
import type { CliConfig } from "../config/cli-config.ts";
import { globalFlags } from "../config/global-flags.ts";
import { aliases } from "../config/own-settings.ts";
import type { EngineConnection } from "../engine-connection.ts";
import { parseFlags } from "../flags/parse-flags.ts";
import { FlagValues, initialValues } from "../flags/flag-values.ts";
import { listPluginFiles } from "../plugins/plugin-files.ts";
import { printAnswer } from "./answer.ts";
import { complete } from "./complete.ts";
import type { NameSource } from "./names.ts";
import type { ReadLine } from "./read-line.ts";

export interface CompletionDeps {
  readonly io: CliIo;
  readonly families: readonly CommandFamily[];
  /** For the engine and settings that the words in front of the command name. */
  readonly open: (global: FlagValues) => Promise<{ readonly config: CliConfig; readonly connection: EngineConnection }>;
}

/** `__complete WORDS…`, which the shells' scripts run: see {@link printAnswer}. */
export async function runCompletion(
  words: readonly string[],
  withNotes: boolean,
  { io, families, open }: CompletionDeps,
): Promise<number> {
  const flags = globalFlags(io);
  const { config, connection } = await open(globalValues(words, io));
  const first =
    words.length > 1
      ? await loadCommands(
          families,
          words.find((word) => !word.startsWith("-")),
        )
      : undefined;
  const commands = first ?? (await loadCommands(families));
  const grammar = { globalFlags: flags, commands, groups: commandGroups };
  const answer = await complete(words, grammar, (line) => nameSource(line, { io, config, connection }));
  const extra = words.length === 1 ? otherCommands(io, config).filter((name) => name.startsWith(words[0] ?? "")) : [];
  const candidates = [...answer.candidates, ...extra.map((value) => ({ value }))];
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

/** Plugins and aliases are commands too. */
function otherCommands(io: CliIo, config: CliConfig): readonly string[] {
  return [...listPluginFiles(io, config), ...aliases(config.file)].map(({ name }) => name);
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
