import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { engineCommands } from "#cli/commands/command-table.ts";
import { arrayLiterals, flagUses } from "./flag-uses.ts";
import { uncoveredFlags } from "./uncovered-flags.ts";

const read = (folder: string): string[] =>
  readdirSync(join(import.meta.dirname, folder)).map((name) =>
    readFileSync(join(import.meta.dirname, folder, name), "utf8"),
  );

/** Commands about containers and about the engine itself, with their flags. */
const wanted = engineCommands
  .filter(({ paths }) => /^(?:container |system |version$|inspect$)/u.test(paths[0]))
  .flatMap(({ paths, flags }) => [
    paths[0],
    ...flags.filter(({ aliasOf }) => aliasOf === undefined).map(({ name }) => `${paths[0]} --${name}`),
  ]);

test("every command and flag is compared with the reference engine, or it is said why not", () => {
  const uses = flagUses(read("cases"), read("transcripts"));
  const missing = wanted.filter((name) => !uses.has(name));
  expect(missing.filter((name) => uncoveredFlags[name] === undefined)).toEqual([]);
  expect(Object.keys(uncoveredFlags).filter((name) => !missing.includes(name))).toEqual([]);
  expect(Object.values(uncoveredFlags).filter((reason) => reason.length < 10)).toEqual([]);
});

test("flags are found in array literals and transcripts, and only before the command of a container", () => {
  const source = `
    // ["run", "--privileged"]
    const pattern = /["']/;
    await ok(["run", "-dit", "--name", name(["x"]), ...more, \`--\${kind}\`, "--env=A=b", target().image, "sh", "-c", "x"]);
    const table = { flags: ["--init", "-m", "64m"] };
    target().run(["system", "df", "-v"]);`;
  expect(arrayLiterals(`f(["a", ...["b"], c, 'd', ["e", g["h"]], "i" + "j",])`)).toEqual([
    ["b"],
    ["h"],
    ["e", undefined],
    ["a", undefined, "d", undefined, undefined],
  ]);
  const transcript = `== one\n$ ps -n1 --format '{{.ID}} -s'\n% $CLI logs -f box & $CLI stop --time 1 box`;
  expect([...flagUses([source], [transcript])].filter((name) => !name.startsWith("container create")).sort()).toEqual([
    "container logs",
    "container logs --follow",
    "container ls",
    "container ls --format",
    "container ls --last",
    "container run",
    "container run --detach",
    "container run --env",
    "container run --init",
    "container run --interactive",
    "container run --memory",
    "container run --name",
    "container run --tty",
    "container stop",
    "container stop --timeout",
    "system df",
    "system df --verbose",
  ]);
});
