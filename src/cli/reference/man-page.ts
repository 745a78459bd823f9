import type { FlagSpec } from "../flags/flag-kind.ts";
import { usageLine } from "../help.ts";
import type { DescribedCommand } from "./all-commands.ts";

/** A file below `man1`. */
export interface ManPage {
  readonly file: string;
  readonly text: string;
}

/** A command's page in man(7): name, synopsis, description, options, examples. */
export function manPage(program: string, { path, command }: DescribedCommand, version: string): ManPage {
  const name = `${program}-${path.replaceAll(" ", "-")}`;
  const usage = usageLine(program, command, path).replace(/^Usage: {2}/, "");
  const aliases = command.paths.filter((each) => each !== path).map((each) => `${program} ${each}`);
  const sections = [
    section("NAME", `${escaped(name)} \\- ${escaped(command.summary)}`),
    section("SYNOPSIS", `.B ${escaped(usage)}`),
    section("DESCRIPTION", paragraphs(command.description ?? command.summary)),
    aliases.length === 0 ? "" : section("ALIASES", escaped(aliases.join(", "))),
    options(command.flags),
    command.examples === undefined ? "" : section("EXAMPLES", `.nf\n${escaped(command.examples)}\n.fi`),
    section("SEE ALSO", `.BR ${escaped(program)} (1)`),
  ];
  return { file: `${name}.1`, text: `.TH "${name.toUpperCase()}" 1 "" "${program} ${version}"\n${sections.join("")}` };
}

/** Pages that lead from a command's other paths to its page. */
export function aliasPages(program: string, { path, command }: DescribedCommand): readonly ManPage[] {
  const fileOf = (each: string): string => `${program}-${each.replaceAll(" ", "-")}.1`;
  return command.paths
    .filter((each) => each !== path)
    .map((each) => ({ file: fileOf(each), text: `.so man1/${fileOf(path)}\n` }));
}

/** The program's own page: its commands, each with its summary. */
export function programPage(program: string, commands: readonly DescribedCommand[], version: string): ManPage {
  const entries = commands.map(
    ({ path, command }) =>
      `.TP\n.BR ${escaped(`${program}-${path.replaceAll(" ", "-")}`)} (1)\n${escaped(command.summary)}`,
  );
  const text = [
    `.TH "${program.toUpperCase()}" 1 "" "${program} ${version}"\n`,
    section("NAME", `${program} \\- containers, images, builds, networks and a registry in one program`),
    section("SYNOPSIS", `.B ${program} [OPTIONS] COMMAND`),
    section("COMMANDS", entries.join("\n")),
  ];
  return { file: `${program}.1`, text: text.join("") };
}

function section(title: string, body: string): string {
  return `.SH ${title}\n${body}\n`;
}

function paragraphs(text: string): string {
  return `.nf\n${escaped(text)}\n.fi`;
}

function options(flags: readonly FlagSpec[]): string {
  const shown = flags
    .filter(({ hidden, aliasOf }) => hidden !== true && aliasOf === undefined)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (shown.length === 0) return "";
  const entries = shown.map(({ name, short, kind, usage, fallback }) => {
    const letter = short === undefined ? "" : `\\fB\\-${short}\\fR, `;
    const value = kind.typeName === "" ? "" : ` \\fI${escaped(kind.typeName)}\\fR`;
    const otherwise = fallback === undefined ? "" : ` (default ${fallback})`;
    return `.TP\n${letter}\\fB\\-\\-${escaped(name)}\\fR${value}\n${escaped(usage + otherwise)}`;
  });
  return section("OPTIONS", entries.join("\n"));
}

/** Nothing in it is a request or an escape of roff; a hyphen stays one. */
function escaped(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll(/^([.'])/gm, "\\&$1");
}
