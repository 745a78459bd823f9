import type { Command } from "./command.ts";
import { toggle, type FlagSpec } from "./flags/flag-kind.ts";

const SLOP = 5;

/** `Usage:  berth run [OPTIONS] IMAGE …`. */
export function usageLine(program: string, command: Command, calledAs: string): string {
  const usage = command.usage.replaceAll("\tdocker ", `\t${program} `);
  return `Usage:  ${program} ${calledAs}${usage === "" ? "" : ` ${usage}`}`;
}

/** A command's `--help`, laid out as docker's. `width` is the terminal's, 80 elsewhere. */
export function commandHelp(program: string, command: Command, calledAs: string, width: number): string {
  const description = (command.description ?? command.summary).replaceAll("$ docker ", `$ ${program} `);
  const sections = [usageLine(program, command, calledAs), description];
  if (command.paths.length > 1)
    sections.push(`Aliases:\n  ${command.paths.map((path) => `${program} ${path}`).join(", ")}`);
  if (command.examples !== undefined) sections.push(`Examples:\n${command.examples}`);
  // docker-compat: the help flag itself is listed only where -h means something else.
  const help: FlagSpec = { name: "help", kind: toggle, usage: "Print usage" };
  const flags = flagSections(
    command.flags.some(({ short }) => short === "h") ? [...command.flags, help] : command.flags,
    width,
  );
  if (flags !== "") sections.push(flags);
  return `${sections.join("\n\n")}\n`;
}

/** The table of flags, or one for each section in the order of their first flags. */
function flagSections(flags: readonly FlagSpec[], width: number): string {
  const bySection = Map.groupBy(flags, ({ section }) => section ?? "Options");
  return [...bySection]
    .map(([section, members]) => [section, flagHelp(members, width)] as const)
    .filter(([, table]) => table !== "")
    .map(([section, table]) => `${section}:\n${table}`)
    .join("\n\n");
}

export interface ListedCommand {
  readonly name: string;
  readonly summary: string;
}

/** Names padded to one column, summaries after them. */
export function commandList(title: string, commands: readonly ListedCommand[]): string {
  const padding = Math.max(11, ...commands.map(({ name }) => name.length));
  return `${title}:\n${commands.map(({ name, summary }) => `  ${name.padEnd(padding)} ${summary}`).join("\n")}`;
}

/** The table of flags: names aligned, descriptions wrapped to `width`. */
export function flagHelp(flags: readonly FlagSpec[], width: number): string {
  const shown = flags
    .filter((flag) => flag.hidden !== true && flag.aliasOf === undefined)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const rows = shown.map((flag) => ({ head: headOf(flag), usage: usageOf(flag) }));
  const column = Math.max(0, ...rows.map(({ head }) => head.length)) + 3;
  return rows.map(({ head, usage }) => head.padEnd(column) + wrap(usage, column, width - 1)).join("\n");
}

function headOf({ name, short, kind }: FlagSpec): string {
  const letter = short === undefined ? "      " : `  -${short}, `;
  return `${letter}--${name}${kind.typeName === "" ? "" : ` ${kind.typeName}`}`;
}

function usageOf({ usage, fallback, kind }: FlagSpec): string {
  if (fallback === undefined) return usage;
  return `${usage} (default ${kind.typeName === "string" ? JSON.stringify(fallback) : fallback})`;
}

/**
 * Breaks `text` at white space so that it fits between `indent` and `width`; a last word may stick out a little rather
 * than stand alone.
 */
function wrap(text: string, indent: number, width: number): string {
  const room = width - indent - SLOP;
  const margin = `\n${" ".repeat(indent)}`;
  if (room + SLOP < 24) return text.replaceAll("\n", margin);
  const lines: string[] = [];
  let rest = text;
  while (rest !== "") {
    const cut = cutAt(rest, room);
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut + 1);
  }
  return lines.join("\n").replaceAll("\n", margin);
}

function cutAt(text: string, room: number): number {
  if (room + SLOP > text.length) return text.length;
  const head = text.slice(0, room);
  const space = Math.max(head.lastIndexOf(" "), head.lastIndexOf("\t"), head.lastIndexOf("\n"));
  if (space <= 0) return text.length;
  const newline = head.lastIndexOf("\n");
  return newline > 0 && newline < space ? newline : space;
}
