/** Every command and flag of `compose` has a line that is played beside docker compose, or it is said where it is seen. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isBerthError } from "#base/errors.ts";
import { parseFlags } from "#cli/flags/parse-flags.ts";
import { composeFlags } from "#compose/commands/global-flags.ts";
import type { Subcommand } from "#compose/commands/subcommand.ts";
import { subcommands } from "#compose/commands/table.ts";
import { readStories } from "../clients/compose-lines/read-stories.ts";
import { shellWords } from "./transcript.ts";
import { unplayedComposeFlags } from "./unplayed-compose-flags.ts";

/** Of `compose` itself, `--file`; of its commands, `up --detach`. The flag that each of them has counts once, as `--dry-run`. */
const all = [
  ...composeFlags.map(({ name }) => `--${name}`),
  ...subcommands.flatMap(({ name, flags }) => [
    name,
    ...flags
      .filter((flag) => flag.aliasOf === undefined && flag.name !== "dry-run")
      .map((flag) => `${name} --${flag.name}`),
  ]),
];

/** What stands behind each `compose` of a shell's line, up to what the shell reads as its own. */
const composeLines = (line: string): readonly string[] =>
  [...line.matchAll(/(?<![\w/.-])compose (.*?)(?=$| && | & | \| |; |' \/dev\/null| [<>])/gu)].map(
    ([, behind = ""]) => behind,
  );

function namedBy(args: readonly string[]): readonly [Subcommand, readonly string[]] | undefined {
  for (const count of [3, 2, 1]) {
    const path = args.slice(0, count).join(" ");
    const found = subcommands.find(({ name, aliases }) => name === path || aliases?.includes(path) === true);
    if (found !== undefined) return [found, args.slice(count)];
  }
  return undefined;
}

function usesOf(line: string): readonly string[] {
  try {
    const whole = parseFlags(shellWords(line), composeFlags, { interspersed: false });
    const own = composeFlags.filter(({ name }) => whole.flags.given(name)).map(({ name }) => `--${name}`);
    const [command, words] = namedBy(whole.args) ?? [];
    if (command === undefined || words === undefined) return own;
    const { flags } = parseFlags(words, command.flags, { interspersed: command.interspersed !== false });
    const given = command.flags.filter(({ name, aliasOf }) => aliasOf === undefined && flags.given(name));
    return [...own, command.name, ...given.map(({ name }) => `${command.name} --${name}`)];
  } catch (error) {
    // Lines that are to be refused.
    if (isBerthError(error, "invalid-parameter")) return [];
    throw error;
  }
}

test("every command and flag of compose has a line that is played, or it is said where it is seen", () => {
  const uses = new Set(
    readStories().flatMap(({ lines }) => lines.flatMap(({ text }) => composeLines(text).flatMap(usesOf))),
  );
  expect(uses.size).toBeGreaterThan(200);
  const missing = all.filter((name) => !uses.has(name));
  const told = Object.keys(unplayedComposeFlags);
  const standsFor = (name: string, known: string): boolean => name === known || name.startsWith(`${known} `);
  expect(missing.filter((name) => !told.some((known) => standsFor(name, known)))).toEqual([]);
  // The list is true.
  expect(told.filter((known) => !missing.some((name) => standsFor(name, known)))).toEqual([]);
  for (const [name, reason] of Object.entries(unplayedComposeFlags)) {
    const place = /seen by (\S+)/u.exec(reason)?.[1] ?? "";
    expect([name, existsSync(join(import.meta.dirname, "../..", `${place}.test.ts`))]).toEqual([name, true]);
  }
});

test("flags are found in the lines of a shell", () => {
  expect(composeLines("COMPOSE_FILE=a compose -f x up -d && docker wait b | cat")).toEqual(["-f x up -d"]);
  expect(composeLines("script -qec 'compose run --rm db tty' /dev/null")).toEqual(["run --rm db tty"]);
  expect(usesOf("-f x alpha viz --image")).toEqual(["--file", "alpha viz", "alpha viz --image"]);
  expect(usesOf("exec -T web sh -c 'exit 7'")).toEqual(["exec", "exec --no-tty"]);
  expect(usesOf("up --nonsense")).toEqual([]);
});
