import type { Handler } from "../command.ts";
import { allCommands } from "./all-commands.ts";
import { aliasPages, manPage, programPage } from "./man-page.ts";

/** `man-pages FOLDER`: a page for the program and one for each command, for a folder `man1`. */
export const writeManPages: Handler = async ({ io, args, families, clientVersion }) => {
  const [folder = ""] = args;
  const commands = await allCommands((await Promise.all(families.map(({ load }) => load()))).flat());
  const pages = [
    programPage(io.programName, commands, clientVersion),
    ...commands.flatMap((command) => [
      manPage(io.programName, command, clientVersion),
      ...aliasPages(io.programName, command),
    ]),
  ];
  for (const { file, text } of pages) io.writeFile(`${folder}/${file}`, text, 0o644);
  io.stderr.write(`${String(pages.length)} pages in ${folder}\n`);
  return 0;
};
