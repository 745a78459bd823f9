import { commandHelp } from "../help.ts";
import type { DescribedCommand } from "./all-commands.ts";

const PROGRAM = "berth";
const WIDTH = 100;

/** docs/commands.md: every command's help, one after the other. */
export function commandDocument(commands: readonly DescribedCommand[]): string {
  const contents = commands.map(
    ({ path, command }) => `- [${PROGRAM} ${path}](#${PROGRAM}-${path.replaceAll(" ", "-")}): ${command.summary}`,
  );
  const sections = commands.map(({ path, command }) => {
    const help = commandHelp(PROGRAM, command, path, WIDTH);
    return `## ${PROGRAM} ${path}\n\n\`\`\`text\n${help}\`\`\``;
  });
  return `# Commands

Generated from the code by \`node tools/start.mjs tools/generate-command-document.ts\`; \`berth COMMAND --help\` says the same.

${contents.join("\n")}

${sections.join("\n\n")}
`;
}
