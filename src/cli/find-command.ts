import type { Command, CommandGroup } from "./command.ts";

export type Found =
  | { readonly kind: "command"; readonly command: Command; readonly path: string; readonly rest: readonly string[] }
  | { readonly kind: "group"; readonly group: CommandGroup }
  | {
      readonly kind: "unknown";
      readonly path: string;
      readonly near: string | undefined;
      readonly group: CommandGroup | undefined;
    };

/** The command that `words` begin with; the words after its path are its own. */
export function findCommand(
  words: readonly string[],
  commands: readonly Command[],
  groups: readonly CommandGroup[],
): Found {
  const [first = "", second] = words;
  const group = groups.find(({ path }) => path === first);
  const nested = words.slice(0, 3).join(" ");
  const depth = group === undefined ? 1 : commands.some(({ paths }) => paths.includes(nested)) ? 3 : 2;
  const path = group === undefined ? first : depth === 3 ? nested : `${first} ${second ?? ""}`;
  if (group !== undefined && (second === undefined || second.startsWith("-"))) return { kind: "group", group };
  const command = commands.find(({ paths }) => paths.includes(path));
  if (command !== undefined) return { kind: "command", command, path, rest: words.slice(depth) };
  const known = commands.filter(({ hidden }) => hidden !== true).flatMap(({ paths }) => paths);
  return { kind: "unknown", path, near: nearest(path, [...known, ...groups.map((each) => each.path)]), group };
}

/** The known path most like `path`: a third of its letters and at most two differ, or it begins with it. */
function nearest(path: string, known: readonly string[]): string | undefined {
  const depth = path.split(" ").length;
  const ranked = known
    .filter((candidate) => candidate.split(" ").length === depth)
    .map((candidate) => ({
      candidate,
      distance: candidate.startsWith(path) && path.length > 1 ? 1 : editDistance(path, candidate),
    }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.min(2, Math.trunc(path.length / 3)) ? best.candidate : undefined;
}

/** Insertions, removals and replacements between two words (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
