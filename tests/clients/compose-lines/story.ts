/**
 * Lines of a shell in which `compose` is docker compose 2.26 or ours and `docker` our client, as text files:
 *
 *     == title                what follows begins with nothing there
 *     == title // younger     the same, by ours alone: docker compose 2.26 does not have it yet
 *     # words                 a remark
 *     compose up -d           a line, in the folder of the project
 *     ~ stdout: NAME          its standard output differs (or stderr, code, effect), for the reason that the row NAME of
 *                             the table in docs/differences.md gives
 *     > words                 of younger stories: a line of standard output
 *     ! words                 a line of standard error
 *     ? 1                     the exit code when it is not 0
 *
 * Both tools must give the same exit code, output and effect.
 */
export interface Story {
  readonly title: string;
  /** Nobody to compare with: each line says what is expected. */
  readonly younger: boolean;
  readonly lines: readonly StoryLine[];
}

export interface StoryLine {
  readonly text: string;
  /** By what differs, the name of the row. */
  readonly differs: ReadonlyMap<Part, string>;
  /** In younger stories. */
  readonly expected: Expected;
}

export interface Expected {
  readonly code: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

export const parts = ["code", "stdout", "stderr", "effect"] as const;
export type Part = (typeof parts)[number];

interface MutableLine extends StoryLine {
  readonly differs: Map<Part, string>;
  readonly expected: { code: number; readonly stdout: string[]; readonly stderr: string[] };
}

/** Throws with the number of a line that belongs nowhere. */
export function parseStories(text: string): readonly Story[] {
  const found: (Omit<Story, "lines"> & { readonly lines: MutableLine[] })[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const story = found.at(-1);
    if (line.startsWith("== ")) {
      const [title = "", mark] = line.slice(3).split(" // ");
      found.push({ title, younger: mark === "younger", lines: [] });
      continue;
    }
    if (story === undefined) throw new Error(`line ${index + 1} belongs to no story: ${line}`);
    if (!/^[~>!?] /u.test(line)) {
      story.lines.push({ text: line, differs: new Map(), expected: { code: 0, stdout: [], stderr: [] } });
      continue;
    }
    const of = story.lines.at(-1);
    if (of === undefined) throw new Error(`line ${index + 1} belongs to no line of a shell: ${line}`);
    addTo(of, line, index + 1);
  }
  return found;
}

function addTo(of: MutableLine, line: string, number: number): void {
  const words = line.slice(2);
  if (line.startsWith(">")) of.expected.stdout.push(words);
  else if (line.startsWith("!")) of.expected.stderr.push(words);
  else if (line.startsWith("?")) of.expected.code = Number(words);
  else {
    const [, part, name = ""] = /^(code|stdout|stderr|effect): (.+)$/u.exec(words) ?? [];
    if (part === undefined) throw new Error(`line ${number} names no part of a line: ${line}`);
    of.differs.set(part as Part, name);
  }
}
