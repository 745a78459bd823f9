import { engineCommands } from "#cli/commands/command-table.ts";
import { parseFlags } from "#cli/flags/parse-flags.ts";
import type { ComposeInvocation } from "./subcommand.ts";

/** Run a command of the engine's client with these words, as if a person had typed them. */
export async function asCommand(
  invocation: ComposeInvocation,
  path: string,
  words: readonly string[],
): Promise<number> {
  const command = engineCommands.find(({ paths }) => paths.includes(path));
  if (command === undefined) throw new Error(`no command ${path}`);
  const { flags, args } = parseFlags(words, command.flags, { interspersed: command.interspersed !== false });
  const handler = await command.load();
  return handler({ ...invocation, flags, args });
}
