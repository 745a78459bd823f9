/**
 * The same lines through docker compose 2.26 and `berth compose` on one Berth engine: the same exit codes, the same words once
 * ids and times are taken out, and the same containers, networks and volumes after each. What is told of things that happen
 * at the same time comes in no order.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { composePrograms } from "../../tools/lab/apt-suite.ts";
import { command } from "../../tools/lab/command.ts";
import { berthCommand, cliEnvironment } from "../../tools/lab/engines.ts";
import { shellWords } from "../conformance/transcript.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";
import { differences, elsewhere, stories, type Story } from "./compose/stories.ts";

setDefaultTimeout(300_000);

let engine: BusyboxEngine;
let theirs: readonly string[];
const ours = [...berthCommand(), "compose"];

beforeAll(async () => {
  theirs = [join(await composePrograms(), "usr/libexec/docker/cli-plugins/docker-compose")];
  engine = await BusyboxEngine.open({ bridge: "bclines0", bip: "172.31.190.1/24" });
}, 600_000);
afterAll(() => engine.close());

interface Said {
  readonly line: string;
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly made: readonly string[];
}

async function told(tool: readonly string[], { files, lines }: Story): Promise<readonly Said[]> {
  const folder = join(engine.dir, "lines");
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(folder, name), text.replaceAll("REGISTRY", engine.registry));
  const env = { ...cliEnvironment(engine.host), HOME: engine.dir, NO_COLOR: undefined };
  const typed = (words: readonly string[], variables: Readonly<Record<string, string>> = {}) =>
    command([...tool, ...words], { cwd: folder, env: { ...env, ...variables }, timeoutMs: 120_000 });
  const said: Said[] = [];
  try {
    for (const line of lines) {
      const words = shellWords(line);
      const first = words.findIndex((word) => !/^[A-Z_]+=/u.test(word));
      const variables = Object.fromEntries(words.slice(0, first).map((word) => word.split("=") as [string, string]));
      const { code, stdout, stderr } = await typed(words.slice(first), variables);
      said.push({ line, code, stdout: plain(stdout), stderr: plain(stderr), made: await made() });
    }
  } finally {
    await typed(["--profile", "*", "down", "-v", "-t", "0", "--remove-orphans", "--rmi", "local"]);
    rmSync(folder, { recursive: true });
  }
  expect(await made()).toEqual([]);
  return said;
}

/** Everything of projects, by name and state. */
async function made(): Promise<readonly string[]> {
  const filter = ["--filter", "label=com.docker.compose.project"];
  const listed = await Promise.all([
    engine.ok("ps", "-a", "--format", "container {{.Names}} {{.State}}", ...filter),
    engine.ok("network", "ls", "--format", "network {{.Name}}", ...filter),
    engine.ok("volume", "ls", "--format", "volume {{.Name}}", ...filter),
  ]);
  return listed
    .flatMap((text) => plain(text).split("\n"))
    .filter((line) => line !== "")
    .toSorted();
}

/** Without ids and times, in order. */
const plain = (text: string): string =>
  text
    .replaceAll(/(?:sha256:)?\b[0-9a-f]{64}\b/gu, "ID")
    .replaceAll(/\b[0-9a-f]{12}\b/gu, "ID")
    .replaceAll(/\b[0-9a-f]{12}_/gu, "ID_")
    .replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z| [+-]\d{4} \w+)/gu, "TIME")
    .replaceAll(/(?<=-run-)[0-9a-f]{12}/gu, "ID")
    .split("\n")
    .toSorted()
    .join("\n");

test.each(Object.entries(stories))("%s", async (_name, story) => {
  const before = await told(theirs, story);
  const now = await told(ours, story);
  const known = ({ line }: Said): boolean => differences[line] !== undefined;
  expect(now.filter((said) => !known(said))).toEqual(before.filter((said) => !known(said)));
  // The list is true.
  for (const [index, said] of now.entries()) if (known(said)) expect(said).not.toEqual(before[index]);
});

/** Flags of a command of docker compose 2.26 by its own help, aliases left out. */
async function flagsOf(words: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await command([...theirs, ...words, "--help"], { timeoutMs: 30_000 });
  return [...stdout.matchAll(/^ +(?:-(\w), )?--([\w-]+)/gmu)].map(([, , name = ""]) => name);
}

test("every command and flag of docker compose 2.26 is in a line, or has a reason why not", async () => {
  const { stdout } = await command([...theirs, "--help"], { timeoutMs: 30_000 });
  const names = [...(stdout.split("Commands:")[1] ?? "").matchAll(/^ {2}(\w+) /gmu)].map(([, name = ""]) => name);
  expect(names.length).toBeGreaterThan(25);
  const typed = Object.values(stories).flatMap(({ lines }) => lines.map(shellWords));
  const missing: string[] = [];
  for (const name of ["", ...names]) {
    const own = typed.filter((words) => name === "" || words.includes(name));
    if (own.length === 0 && elsewhere[name] === undefined) missing.push(name);
    for (const flag of await flagsOf(name === "" ? [] : [name])) {
      const key = `${name} --${flag}`.trim();
      const short = shorts[flag];
      const isTyped = own.some((words) =>
        words.some((word) => word === `--${flag}` || word.startsWith(`--${flag}=`) || word === short),
      );
      if (!isTyped && flag !== "dry-run" && elsewhere[key] === undefined && elsewhere[name] === undefined)
        missing.push(key);
    }
  }
  expect(missing).toEqual([]);
});

/** One letter means one flag in all commands of these. */
const shorts: Readonly<Record<string, string>> = {
  all: "-a",
  archive: "-a",
  detach: "-d",
  env: "-e",
  file: "-f",
  "follow-link": "-L",
  force: "-f",
  format: "-f",
  interactive: "-i",
  label: "-l",
  "no-": "-T",
  output: "-o",
  "project-name": "-p",
  publish: "-p",
  quiet: "-q",
  "renew-anon-volumes": "-V",
  "service-ports": "-P",
  signal: "-s",
  stop: "-s",
  tail: "-n",
  timeout: "-t",
  timestamps: "-t",
  user: "-u",
  volume: "-v",
  volumes: "-v",
  watch: "-w",
  workdir: "-w",
};
