/** docs/security.md names a test for each weakness of others, and all that are tried for. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const numbersIn = (text: string): readonly string[] => text.match(/CVE-\d+-\d+/g) ?? [];

/** The numbers of a row, and the places where each is tried: a file of escapes, which has the number, or a test by its name. */
const rows = [...read("docs/security.md").matchAll(/^\| (CVE[^|]+) \| [^|]+ \| ([^|]+) \|$/gm)].map(
  ([, numbers = "", seen = ""]) => ({
    numbers: numbersIn(numbers),
    seen: seen.split(/; (?=(?:tests|src)\/)/).map(place),
  }),
);

function place(text: string): { readonly file: string; readonly title: string | undefined } {
  const [file = "", ...title] = text.split(": ");
  return { file, title: title.length === 0 ? undefined : title.join(": ") };
}

describe("weaknesses of others", () => {
  test.each(rows.map((row) => [row.numbers.join(", "), row] as const))("%s", (_, { numbers, seen }) => {
    expect(seen.length).toBeGreaterThan(0);
    for (const { file, title } of seen) {
      const text = read(file);
      if (title !== undefined) expect([file, text.includes(title)]).toEqual([file, true]);
      else expect([file, numbers.filter((number) => !text.includes(number))]).toEqual([file, []]);
    }
  });

  test("all that are tried for are told of", () => {
    const folder = "tests/engine/escapes";
    const tried = readdirSync(join(root, folder)).flatMap((name) => numbersIn(read(`${folder}/${name}`)));
    const told = new Set(rows.flatMap(({ numbers }) => numbers));
    expect(tried.length).toBeGreaterThan(20);
    expect(tried.filter((number) => !told.has(number))).toEqual([]);
  });
});
