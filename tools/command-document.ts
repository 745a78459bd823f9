import { engineFamilies, loadCommands } from "../src/cli/commands/command-families.ts";
import { allCommands } from "../src/cli/reference/all-commands.ts";
import { commandDocument } from "../src/cli/reference/command-document.ts";
import { otherFamilies } from "../src/main/command-line.ts";

/** docs/commands.md as the code has it now. */
export async function generatedCommandDocument(): Promise<string> {
  return commandDocument(await allCommands(await loadCommands([...engineFamilies, ...otherFamilies])));
}
