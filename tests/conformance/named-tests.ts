import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Something that is to hold, and the test that sees it: FILE has TITLE, and NEEDLE behind it in the same test. */
export interface NamedTest {
  readonly name: string;
  readonly file: string;
  readonly title: string;
  readonly needle: string;
}

/** `NAME  FILE  TITLE | NEEDLE`, the name without spaces. */
export function parseNamedTest(line: string): NamedTest {
  const [, name = "", file = "", title = "", needle = ""] = /^(\S+) (\S+) (.+?) \| (.+)$/su.exec(line) ?? [];
  return { name, file, title, needle };
}

/** Those whose test is not there, or has not what it is named for. Files are below `folder`. */
export function untrue(tests: readonly NamedTest[], folder: string): readonly NamedTest[] {
  const texts = new Map<string, string>();
  return tests.filter(({ file, title, needle }) => {
    const text = texts.get(file) ?? readFileSync(join(folder, file), "utf8");
    texts.set(file, text);
    const begin = text.indexOf(title);
    if (title === "" || begin < 0) return true;
    const rest = text.slice(begin + title.length);
    // Up to the next test or transcript; what is no test but a table goes on to its end.
    const end = /^\s*test(?:\.each)?\(|^== |^\];$|^`;$/mu.exec(rest)?.index ?? rest.length;
    return !rest.slice(0, end).includes(needle);
  });
}
