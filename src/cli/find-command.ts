import type { Command, CommandGroup } from "./command.ts";
import { nearest } from "./nearest.ts";

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
  const isCommand = (length: number): boolean =>
    words.length >= length && commands.some(({ paths }) => paths.includes(words.slice(0, length).join(" ")));
  const depth = group === undefined ? 1 : ([4, 3].find(isCommand) ?? 2);
  const path = group === undefined ? first : depth > 2 ? words.slice(0, depth).join(" ") : `${first} ${second ?? ""}`;
  if (group !== undefined && (second === undefined || second.startsWith("-"))) return { kind: "group", group };
  const command = commands.find(({ paths }) => paths.includes(path));
  if (command !== undefined) return { kind: "command", command, path, rest: words.slice(depth) };
  const known = commands.filter(({ hidden }) => hidden !== true).flatMap(({ paths }) => paths);
  const depthOf = path.split(" ").length;
  const alike = [...known, ...groups.map((each) => each.path)].filter((each) => each.split(" ").length === depthOf);
  return { kind: "unknown", path, near: nearest(path, alike), group };
}
