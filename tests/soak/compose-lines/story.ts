/**
 * Lines of a shell in which `compose` is docker compose 2.26 or ours and `docker` our client, as text files:
 *
 *     == title                what follows begins with nothing there
 *     # words                 a remark
 *     compose up -d           a line, in the folder of the project
 *     ~ stdout: NAME          its standard output differs (or stderr, code, effect), for the reason that the row NAME of
 *                             the table in docs/differences.md gives
 *
 * Both tools must give the same exit code, output and effect.
 */
export interface Story {
  readonly title: string;
  readonly lines: readonly StoryLine[];
}

export interface StoryLine {
  readonly text: string;
  /** By what differs, the name of the row. */
  readonly differs: ReadonlyMap<Part, string>;
}

export const parts = ["code", "stdout", "stderr", "effect"] as const;
export type Part = (typeof parts)[number];

/** Throws with the number of a line that belongs nowhere. */
export function parseStories(text: string): readonly Story[] {
  const found: {
    readonly title: string;
    readonly lines: { readonly text: string; readonly differs: Map<Part, string> }[];
  }[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const story = found.at(-1);
    if (line.startsWith("== ")) found.push({ title: line.slice(3), lines: [] });
    else if (story === undefined) throw new Error(`line ${index + 1} belongs to no story: ${line}`);
    else if (line.startsWith("~ ")) {
      const [, part, name = ""] = /^~ (code|stdout|stderr|effect): (.+)$/u.exec(line) ?? [];
      const of = story.lines.at(-1);
      if (part === undefined || of === undefined) throw new Error(`line ${index + 1} names no part of a line: ${line}`);
      of.differs.set(part as Part, name);
    } else story.lines.push({ text: line, differs: new Map() });
  }
  return found;
}
