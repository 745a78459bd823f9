import { findCommand } from "#cli/find-command.ts";
import { commandGroups } from "#cli/commands/command-families.ts";
import { engineCommands } from "#cli/commands/command-table.ts";
import type { Command } from "#cli/command.ts";
import { parseTranscripts, shellWords } from "./transcript.ts";

/** One word of an argument list in the source; undefined for what is only known when it runs. */
type Word = string | undefined;

const creating = ["container create", "container run"];

/**
 * The commands and flags that cases use, as `container run` and `container run --name`. They are read from the text of
 * the cases, in which arguments stand as array literals, and from transcripts; so only what is written out counts. The
 * flags that `create` and `run` share are one table in the client: a use by one counts for both, and so does a list that
 * begins with a flag, as the tables of fields have them.
 */
export function flagUses(cases: readonly string[], transcripts: readonly string[]): ReadonlySet<string> {
  const uses = new Set<string>();
  for (const source of cases) for (const words of arrayLiterals(source)) addUses(uses, words);
  for (const text of transcripts) {
    for (const { kind, line } of parseTranscripts(text).flatMap(({ steps }) => steps)) {
      const lines = kind === "client" ? [line] : line.split("$CLI ").slice(1);
      for (const one of lines)
        addUses(uses, shellWords(one.replace(/[|;&)].*$/u, (rest) => (kind === "client" ? rest : ""))));
    }
  }
  return uses;
}

function addUses(uses: Set<string>, words: readonly Word[]): void {
  const known = words.map((word) => word ?? "\0");
  if (known[0]?.startsWith("-") === true) {
    for (const path of creating) addFlags(uses, commandOf(path), known);
    return;
  }
  const found = findCommand(known, engineCommands, commandGroups);
  if (found.kind !== "command") return;
  uses.add(found.command.paths[0]);
  addFlags(uses, found.command, found.rest);
  const other = creating.includes(found.command.paths[0]) ? creating : [];
  for (const path of other) addFlags(uses, commandOf(path), found.rest);
}

function commandOf(path: string): Command {
  const found = engineCommands.find(({ paths }) => paths[0] === path);
  if (found === undefined) throw new Error(`no command ${path}`);
  return found;
}

/** Walks the words as the client's reader does, but goes on after what it does not know. */
function addFlags(uses: Set<string>, command: Command, words: readonly string[]): void {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (word === "--" || (!/^-./u.test(word) && command.interspersed === false)) return;
    if (!/^-./u.test(word)) continue;
    const names = word.startsWith("--") ? [word.slice(2).replace(/=.*$/su, "")] : word.slice(1).split("");
    for (const [index, name] of names.entries()) {
      const long = word.startsWith("--");
      const flag = command.flags.find((each) => (long ? each.name === name : each.short === name));
      if (flag === undefined) break;
      uses.add(`${command.paths[0]} --${flag.aliasOf ?? flag.name}`);
      if (flag.kind.bareText !== undefined) continue;
      if (long ? !word.includes("=") : index === names.length - 1) at += 1;
      break;
    }
  }
}

/** The elements of every array literal of a TypeScript source, nested ones too: strings as they are, spreads left out. */
export function arrayLiterals(source: string): readonly (readonly Word[])[] {
  const done: (readonly Word[])[] = [];
  const open: Bracket[] = [];
  for (const [token] of source.matchAll(tokens)) {
    if (token.startsWith("//") || token.startsWith("/*")) continue;
    const inner = open.at(-1);
    if (/^[[({]$/u.test(token)) {
      if (inner !== undefined) extend(inner, undefined);
      open.push({ sign: token, words: [], element: { kind: "empty" } });
    } else if (/^[\])}]$/u.test(token)) {
      const closed = open.pop();
      if (closed?.sign !== "[") continue;
      endElement(closed);
      done.push(closed.words);
    } else if (inner === undefined) continue;
    else if (token === ",") endElement(inner);
    else if (token === "...") inner.element = { kind: "spread" };
    else extend(inner, literal(token));
  }
  return done;
}

interface Bracket {
  readonly sign: string;
  readonly words: Word[];
  element: { readonly kind: "empty" | "spread" } | { readonly kind: "word"; readonly word: Word };
}

/** A second token makes an element an expression, of which nothing is known. */
function extend(bracket: Bracket, word: Word): void {
  if (bracket.element.kind === "spread") return;
  bracket.element = { kind: "word", word: bracket.element.kind === "empty" ? word : undefined };
}

function endElement(bracket: Bracket): void {
  if (bracket.element.kind === "word") bracket.words.push(bracket.element.word);
  bracket.element = { kind: "empty" };
}

function literal(token: string): Word {
  if (token.startsWith("`")) return token.slice(1, -1);
  if (!/^["']/u.test(token)) return undefined;
  return token.startsWith('"')
    ? (JSON.parse(token.replaceAll(/\\'/gu, "'").replaceAll(/\\x/gu, "\\u00")) as string)
    : token.slice(1, -1);
}

/** Comments, strings, templates, regular expressions (after what cannot end a value), words, and single signs. */
const tokens =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|(?<=[(,=:[!&|?{};\n]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*|\.\.\.|[\w$]+|[^\s\w]/gu;
