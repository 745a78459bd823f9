import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { engineCommands } from "#cli/commands/command-table.ts";
import { arrayLiterals, flagUses } from "./flag-uses.ts";
import { ownFlags } from "./own-flags.ts";
import { stories } from "./same-lines.ts";
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

test("every command and flag of all is compared with docker's own client, or it is said why not", () => {
  const folder = import.meta.dirname;
  const tests = readdirSync(folder).filter((name) => name.endsWith(".test.ts"));
  const sources = tests.map((name) => readFileSync(join(folder, name), "utf8"));
  // Steps of contexts and lines of stories are whole command lines.
  const written = sources.flatMap((source) =>
    [...source.matchAll(/\bstep\(["'`]([^"'`]*)/gu)].map(([, line = ""]) => line),
  );
  const lines = [...written, ...Object.values(stories).flat()].map((line) => JSON.stringify(line.split(" ")));
  const uses = flagUses([...read("cases"), ...sources, lines.join("\n")], read("transcripts"));
  const all = engineCommands.flatMap(({ paths, flags }) => [
    paths[0],
    ...flags.filter(({ aliasOf }) => aliasOf === undefined).map(({ name }) => `${paths[0]} --${name}`),
  ]);
  const missing = all.filter((name) => !uses.has(name));
  const own = Object.keys(ownFlags);
  const standsFor = (name: string, known: string): boolean => name === known || name.startsWith(`${known} `);
  const told = (name: string): boolean => own.some((known) => standsFor(name, known));
  expect(missing.filter((name) => uncoveredFlags[name] === undefined && !told(name))).toEqual([]);
  expect(own.filter((known) => !missing.some((name) => standsFor(name, known)))).toEqual([]);
  const root = join(folder, "../..");
  for (const reason of Object.values(ownFlags)) {
    const place = /seen by (\S+?)(?:,|$)/u.exec(reason)?.[1] ?? "";
    const there = ["", ".test.ts"].some((end) => existsSync(join(root, `${place}${end}`)));
    expect([reason, there]).toEqual([reason, true]);
  }
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
