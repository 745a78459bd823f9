import { expect, test } from "bun:test";
import { engineFamilies } from "#cli/commands/command-families.ts";
import { engineCommands } from "#cli/commands/command-table.ts";
import { otherFamilies } from "./command-line.ts";

test("a family's words are the first words of its commands, and tell what those of one word do", async () => {
  for (const { words, load } of [...engineFamilies, ...otherFamilies]) {
    const commands = await load();
    const first = commands.flatMap(({ paths }) => paths.map((path) => path.split(" ")[0] ?? ""));
    expect(Object.keys(words)).toEqual([...new Set(first)].toSorted());
    for (const [word, summary] of Object.entries(words)) {
      const command = commands.find(({ paths, hidden }) => hidden !== true && paths.includes(word));
      expect({ word, summary }).toEqual({ word, summary: command?.summary ?? "" });
    }
  }
});

test("the families have every command of the table", async () => {
  const loaded = (await Promise.all(engineFamilies.map(({ load }) => load()))).flat();
  expect(loaded).toEqual([...engineCommands]);
});
