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
  const nested = words.slice(0, 3).join(" ");
  const depth = group === undefined ? 1 : commands.some(({ paths }) => paths.includes(nested)) ? 3 : 2;
  const path = group === undefined ? first : depth === 3 ? nested : `${first} ${second ?? ""}`;
  if (group !== undefined && (second === undefined || second.startsWith("-"))) return { kind: "group", group };
  const command = commands.find(({ paths }) => paths.includes(path));
  if (command !== undefined) return { kind: "command", command, path, rest: words.slice(depth) };
  const known = commands.filter(({ hidden }) => hidden !== true).flatMap(({ paths }) => paths);
  const depthOf = path.split(" ").length;
  const alike = [...known, ...groups.map((each) => each.path)].filter((each) => each.split(" ").length === depthOf);
  return { kind: "unknown", path, near: nearest(path, alike), group };
}
