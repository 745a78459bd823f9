import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseStories, type Story } from "./story.ts";

const folder = join(import.meta.dirname, "lines");

/** Those of every file, in the order of the files' names. */
export const readStories = (): readonly Story[] =>
  readdirSync(folder)
    .toSorted()
    .flatMap((name) => parseStories(readFileSync(join(folder, name), "utf8")));

/** First cells of the table below `## Compose`. */
export function differenceNames(document: string): ReadonlySet<string> {
  const [, section = ""] = /^## Compose\n([^]*?)(?=^## )/mu.exec(`${document}\n## `) ?? [];
  return new Set([...section.matchAll(/^\| ([^|]+?) \|/gmu)].map(([, name = ""]) => name));
}
