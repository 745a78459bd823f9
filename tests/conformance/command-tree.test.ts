import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command } from "../../tools/lab/command.ts";
import { absentCommand } from "#cli/absent-commands.ts";
import { commandGroups } from "#cli/commands/command-families.ts";
import { engineCommands } from "#cli/commands/command-table.ts";
import type { Command } from "#cli/command.ts";
import { commandHelp } from "#cli/help.ts";
import { dockerCli } from "../../tools/lab/engines.ts";
import { ownFlags, otherHelp } from "./command-differences.ts";

/** Every command and flag of the real docker CLI, as its own help tells them: ours are the same but for what is listed. */
const REAL_DOCKER = await dockerCli();
const AT_ONCE = 8;
const folder = mkdtempSync(join(tmpdir(), "berth-tree-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Theirs {
  readonly path: string;
  readonly help: string;
}

async function helpOf(path: string): Promise<string> {
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    DOCKER_CONFIG: folder,
    DOCKER_CLI_EXPERIMENTAL: "enabled",
  };
  const words = path === "" ? [] : path.split(" ");
  // What docker calls an experiment is none here.
  return (await command([REAL_DOCKER, ...words, "--help"], { env })).stdout.replace(/\nEXPERIMENTAL:\n(?: .*\n)+/, "");
}

/** Names below a heading that ends in "Commands:". */
function subcommands(help: string): readonly string[] {
  const sections = help.split(/\n\n|\n(?=\S)/);
  return sections
    .filter((section) => /^(?:[A-Z]\w+ )?Commands:\n/.test(section))
    .flatMap((section) => section.split("\n").slice(1))
    .flatMap((line) => /^ {2}(\S+)/.exec(line)?.[1] ?? []);
}

/** The leaves of docker's tree, breadth first. */
async function dockerCommands(): Promise<readonly Theirs[]> {
  const leaves: Theirs[] = [];
  let level = [""];
  while (level.length > 0) {
    const next: string[] = [];
    for (let from = 0; from < level.length; from += AT_ONCE) {
      const batch = level.slice(from, from + AT_ONCE);
      for (const { path, help } of await Promise.all(batch.map(async (path) => ({ path, help: await helpOf(path) })))) {
        const below = subcommands(help).map((name) => (path === "" ? name : `${path} ${name}`));
        if (below.length === 0) leaves.push({ path, help });
        next.push(...below.filter((name) => absentCommand(name.split(" ", 1)[0] ?? "") === undefined));
      }
    }
    level = next;
  }
  return leaves;
}

const find = (path: string): Command | undefined => engineCommands.find(({ paths }) => paths.includes(path));

test("every command of docker's is here with its flags, aliases and words, or it is said why not", async () => {
  const theirs = await dockerCommands();
  expect(theirs.length).toBeGreaterThan(100);
  expect(theirs.filter(({ path }) => find(path) === undefined).map(({ path }) => path)).toEqual([]);
  const differing = theirs.flatMap(({ path, help }) => {
    const ours = find(path) as Command;
    const own = new Set(ownFlags[ours.paths[0]] ?? []);
    const flags = ours.flags.filter(({ name }) => !own.has(name));
    const shown = commandHelp("docker", { ...ours, flags }, path, 80);
    return shown === help || otherHelp[ours.paths[0]] !== undefined ? [] : [{ path, shown, help }];
  });
  expect(differing).toEqual([]);
}, 180_000);

test("the lists of differences name what is there, each with a reason", () => {
  const flagsOf = (path: string): readonly string[] => find(path)?.flags.map(({ name }) => name) ?? [];
  for (const [path, names] of Object.entries(ownFlags))
    expect(names.filter((name) => !flagsOf(path).includes(name))).toEqual([]);
  for (const [path, reason] of Object.entries(otherHelp)) {
    expect(find(path)).toBeDefined();
    expect(reason.length).toBeGreaterThan(10);
  }
  const groups = new Set(commandGroups.map(({ path }) => path));
  expect(
    engineCommands.filter(({ paths }) => paths[0].includes(" ") && !groups.has(paths[0].split(" ", 1)[0] ?? "")),
  ).toEqual([]);
});
