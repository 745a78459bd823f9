import { expect, test } from "bun:test";
import { engineFamilies } from "#cli/commands/command-families.ts";
import { engineCommands } from "#cli/commands/command-table.ts";
import { otherFamilies } from "./command-line.ts";

test("a family's words are the first words of its commands", async () => {
  for (const { words, load } of [...engineFamilies, ...otherFamilies]) {
    const first = (await load()).flatMap(({ paths }) => paths.map((path) => path.split(" ")[0] ?? ""));
    expect([...words]).toEqual([...new Set(first)].toSorted());
  }
});

test("the families have every command of the table", async () => {
  const loaded = (await Promise.all(engineFamilies.map(({ load }) => load()))).flat();
  expect(loaded).toEqual([...engineCommands]);
});
