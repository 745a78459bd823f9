import { splitWords } from "#spec/docker/shell-words.ts";
import type { ConfigFile } from "./cli-config.ts";

/** Where in config.json Berth's own settings stand: docker leaves the settings of plugins it does not know alone. */
const SECTION = "berth";
const ALIAS = "alias.";

/** `"alias.NAME": "ps --all"`: the words that stand for a command of that name. */
export function aliasOf(name: string, { plugins }: ConfigFile): readonly string[] | undefined {
  const line = plugins?.[SECTION]?.[`${ALIAS}${name}`];
  return line === undefined ? undefined : splitWords(line).map(unquoted);
}

/** Every alias with its line. */
export function aliases({ plugins }: ConfigFile): readonly { readonly name: string; readonly line: string }[] {
  return Object.entries(plugins?.[SECTION] ?? {})
    .filter(([key]) => key.startsWith(ALIAS))
    .map(([key, line]) => ({ name: key.slice(ALIAS.length), line }));
}

/** `"prefer": "compose,buildx"`: commands for which a plugin is run although Berth has them itself. */
export function prefersPlugin(name: string, { plugins }: ConfigFile): boolean {
  const prefer = plugins?.[SECTION]?.["prefer"];
  return prefer !== undefined && prefer.split(",").some((each) => each.trim() === name);
}

function unquoted(word: string): string {
  return word.replaceAll(
    /\\(.)|'([^']*)'|"((?:\\.|[^"\\])*)"/gs,
    (_whole, escaped?: string, single?: string, double?: string) =>
      escaped ?? single ?? (double ?? "").replaceAll(/\\(["\\])/g, "$1"),
  );
}
