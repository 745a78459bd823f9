import type { NestedCommand } from "../command.ts";
import type { Answer, Candidate } from "./answer.ts";
import { argumentKind } from "./argument-kinds.ts";
import { flagKind } from "./flag-kinds.ts";
import { namesOf, type NameSource } from "./names.ts";
import { readLine, type LineGrammar, type ReadLine } from "./read-line.ts";
import type { ValueKind } from "./value-kind.ts";

/** What may stand at the end of the line `words`, the last of which is typed so far, and may be empty. */
export async function complete(
  words: readonly string[],
  grammar: LineGrammar,
  sourceOf: (line: ReadLine) => NameSource,
): Promise<Answer> {
  const typed = words.at(-1) ?? "";
  const line = await readLine(words.slice(0, -1), grammar);
  const path = line.nested === undefined ? (line.command?.paths[0] ?? "") : `compose ${line.nested.name}`;
  const values = (kind: ValueKind, word: string, prefix = ""): Promise<Answer> =>
    valuesOf(kind, { word, prefix, taken: line.args }, sourceOf(line));
  const flagValue = (flag: string, word: string, before: string): Promise<Answer> => {
    // In front of what a filter is about: `status=` stays as it was typed.
    const name = flag === "filter" ? word.slice(0, word.indexOf("=") + 1) : "";
    return values(flagKind(path, flag, word), word.slice(name.length), `${before}${name}`);
  };

  if (line.pending !== undefined) return flagValue(line.pending.name, typed, "");
  const equals = typed.indexOf("=");
  if (!line.flagsOver && typed.startsWith("--") && equals !== -1) {
    return flagValue(typed.slice(2, equals), typed.slice(equals + 1), typed.slice(0, equals + 1));
  }
  if (!line.flagsOver && typed.startsWith("-")) return { candidates: flagCandidates(line, typed) };
  if (line.command === undefined) return { candidates: starting(commandWords(line.prefix, grammar), typed) };
  if (line.command.nested !== undefined && line.nested === undefined) {
    return { candidates: starting(nextWords(await line.command.nested.commands(), line.nestedPrefix), typed) };
  }
  return values(argumentKind(path, line.args.length), typed);
}

/** What may stand behind `prefix`, each word once. */
function nextWords(commands: readonly NestedCommand[], prefix: string): readonly Candidate[] {
  const before = prefix === "" ? "" : `${prefix} `;
  const words = new Map<string, Candidate>();
  for (const { name, summary } of commands) {
    if (!name.startsWith(before)) continue;
    const [value = "", ...rest] = name.slice(before.length).split(" ");
    if (!words.has(value)) words.set(value, rest.length === 0 ? { value, note: summary } : { value });
  }
  return [...words.values()];
}

async function valuesOf(
  kind: ValueKind,
  { word, prefix, taken }: { readonly word: string; readonly prefix: string; readonly taken: readonly string[] },
  source: NameSource,
): Promise<Answer> {
  const found = (list: readonly Candidate[]): readonly Candidate[] =>
    starting(list, word).map((each) => ({ ...each, value: `${prefix}${each.value}` }));
  switch (kind.kind) {
    case "nothing":
      return { candidates: [] };
    case "paths":
      return { candidates: [], paths: kind.paths };
    case "words":
      return { candidates: found(kind.words.map((value) => ({ value }))) };
    case "pairs":
      return { candidates: found(kind.words.map((value) => ({ value }))), open: true };
    case "container-paths":
      return { candidates: found(await named(kind, source)), paths: "files", open: true };
    default:
      return { candidates: found((await named(kind, source)).filter(({ value }) => !taken.includes(value))) };
  }
}

/** An engine that does not answer has no names. */
async function named(kind: Parameters<typeof namesOf>[0], source: NameSource): Promise<readonly Candidate[]> {
  try {
    return await namesOf(kind, source);
  } catch {
    return [];
  }
}

function flagCandidates({ flags }: ReadLine, typed: string): readonly Candidate[] {
  const shown = flags.filter(({ hidden, aliasOf }) => hidden !== true && aliasOf === undefined);
  const long = shown.map(({ name, usage }) => ({ value: `--${name}`, note: usage }));
  const short = shown.flatMap(({ short, usage }) => (short === undefined ? [] : [{ value: `-${short}`, note: usage }]));
  return starting([...long, { value: "--help", note: "Print usage" }, ...(typed === "-" ? short : [])], typed);
}

/** The words that may follow `prefix` on the way to a command. */
function commandWords(prefix: string, { commands, groups }: LineGrammar): readonly Candidate[] {
  const start = prefix === "" ? "" : `${prefix} `;
  const words = new Map<string, Candidate>();
  for (const { paths, summary, hidden } of commands) {
    for (const path of paths) {
      if (hidden === true || !path.startsWith(start)) continue;
      const [word = "", ...deeper] = path.slice(start.length).split(" ");
      const note = deeper.length === 0 ? summary : (groups.find((group) => group.path === word)?.summary ?? "");
      if (!words.has(word)) words.set(word, { value: word, note });
    }
  }
  return [...words.values()].toSorted((a, b) => (a.value < b.value ? -1 : 1));
}

function starting(list: readonly Candidate[], typed: string): readonly Candidate[] {
  return list.filter(({ value }) => value.startsWith(typed));
}
