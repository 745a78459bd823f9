/**
 * Command lines through docker compose 2.26 and through ours on one Berth engine, one tool after the other: the same exit
 * code, the same words once ids and times are taken out, and the same containers, networks, volumes and images after each.
 * Those that take long, or wait for what happens meanwhile, are played with COMPOSE_LINES=all (`npm run soak -- 1 compose-lines`).
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { composePrograms } from "../../tools/lab/apt-suite.ts";
import { command } from "../../tools/lab/command.ts";
import { freePort } from "../../tools/lab/debian-registry.ts";
import { berthCommand } from "../../tools/lab/engines.ts";
import { projectDir } from "../../tools/lab/paths.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";
import type { Json } from "./compose/made.ts";
import { comparableCode, comparableOutput, everywhereNames } from "./compose-lines/comparable-output.ts";
import { openRequestLog, type RequestLog } from "./compose-lines/request-log.ts";
import { effect, Sightings } from "./compose-lines/effect.ts";
import { differenceNames, readStories } from "./compose-lines/read-stories.ts";
import { parts, type Part, type Story } from "./compose-lines/story.ts";

setDefaultTimeout(600_000);

const folder = join(import.meta.dirname, "compose-lines");
const stories = readStories();
/** Titles of stories that are left to the soak. */
const long = new Set(["looked at", "followed", "attached to", "stayed with", "waited for", "images made"]);
const played = stories.filter(({ title }) => process.env["COMPOSE_LINES"] === "all" || !long.has(title));

let engine: BusyboxEngine;
let place = "";
let requests: RequestLog;
let ports: Readonly<Record<string, string>>;
const tools: { theirs: readonly string[]; ours: readonly string[] } = {
  theirs: [],
  ours: [...berthCommand(), "compose"],
};

beforeAll(async () => {
  tools.theirs = [join(await composePrograms(), "usr/libexec/docker/cli-plugins/docker-compose")];
  engine = await BusyboxEngine.open({ bridge: "bclines0", bip: "172.31.187.1/24" });
  place = join(engine.dir, "lines");
  requests = await openRequestLog(engine.host.slice("unix://".length), engine.dir, join(engine.dir, "requests"));
  ports = {
    PORT: String(await freePort()),
    UDP_PORT: String(await freePort()),
    OTHER_PORT: String(await freePort()),
  };
}, 600_000);
afterAll(async () => {
  await requests.close();
  await engine.close();
});

interface Outcome extends Readonly<Record<Part, unknown>> {
  readonly text: string;
}

/** The lines through one tool, from nothing to what they leave, which is removed. */
async function outcomesOf({ lines }: Story, tool: readonly string[]): Promise<readonly Outcome[]> {
  const env = prepared(tool);
  const sightings = new Sightings();
  const outcomes: Outcome[] = [];
  try {
    for (const { text } of lines) {
      writeFileSync(join(engine.dir, "requests"), "");
      const { code, stdout, stderr } = await command(["sh", "-c", text], { env, cwd: place, timeoutMs: 180_000 });
      const after: Json = await effect(engine, sightings);
      outcomes.push({ text, code: comparableCode(code), stdout: shown(stdout), stderr: shown(stderr), effect: after });
    }
  } finally {
    await engine.removeAll();
    await engine.ok("network", "prune", "-f");
    await engine.ok("volume", "prune", "-af");
  }
  return outcomes;
}

/** The project's folder anew, and programs of these names in front of all others. */
function prepared(tool: readonly string[]): Readonly<Record<string, string>> {
  rmSync(place, { recursive: true, force: true });
  cpSync(join(folder, "project"), place, { recursive: true });
  const home = join(engine.dir, "home");
  rmSync(home, { recursive: true, force: true });
  mkdirSync(join(home, "bin"), { recursive: true });
  const program = (name: string, text: string): void =>
    writeFileSync(join(home, "bin", name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  const { host } = requests;
  // By this name ours says what docker says, and adds no hints.
  program("compose", `export DOCKER_HOST=${host} BERTH_HOST=${host}\nexec -a docker ${tool.join(" ")} "$@"`);
  program("docker", `exec ${berthCommand().join(" ")} "$@"`);
  program("until-seen", 'for _ in $(seq 1200); do grep -q -e "$1" "$2" 2>/dev/null && exit; sleep 0.1; done; exit 99');
  // The tool has asked the engine for it, so that what happens now is what it hears of.
  program("until-asked", `exec until-seen "$1" ${join(engine.dir, "requests")}`);
  return {
    ...ports,
    PATH: `${join(home, "bin")}:${process.env["PATH"]}`,
    HOME: home,
    DOCKER_CONFIG: join(home, ".docker"),
    DOCKER_HOST: engine.host,
    BERTH_HOST: engine.host,
    DOCKER_BUILDKIT: "0",
    REGISTRY: engine.registry,
  };
}

const shown = (text: string): string =>
  [
    [place, "FOLDER"],
    [engine.registry, "REGISTRY"],
    ...Object.entries(ports).map(([name, port]) => [port, name]),
  ].reduce((all, [found = "", name = ""]) => all.replaceAll(found, name), comparableOutput(text));

interface Pair {
  readonly text: string;
  readonly part: Part;
  readonly known: boolean;
  readonly theirs: unknown;
  readonly ours: unknown;
}

/** What only one of them said or made; all of it where it is the same in another order. */
function difference({ theirs, ours }: Pair): Readonly<Record<"theirs" | "ours", readonly string[]>> {
  const [one, other] = [theirs, ours].map((value) =>
    (typeof value === "string" ? value : JSON.stringify(value, undefined, 1).replaceAll(/,$/gmu, "")).split("\n"),
  ) as [string[], string[]];
  const only = {
    theirs: one.filter((line) => !other.includes(line)),
    ours: other.filter((line) => !one.includes(line)),
  };
  return only.theirs.length + only.ours.length > 0 ? only : { theirs: one, ours: other };
}

/** An effect that differs as it did after the line before is that line's. */
function stands(pair: Pair, pairs: readonly Pair[]): boolean {
  const effects = pairs.filter(({ part }) => part === "effect");
  const before = effects[effects.indexOf(pair) - 1];
  if (before === undefined || Bun.deepEquals(before.theirs, before.ours)) return false;
  return Bun.deepEquals(difference(before), difference(pair));
}

const titled = (younger: boolean): (readonly [string, Story])[] =>
  played.filter((story) => story.younger === younger).map((story) => [story.title, story] as const);

test.each(titled(true))("%s, by ours alone", async (_title, story) => {
  const outcomes = await outcomesOf(story, tools.ours);
  expect(outcomes.map(({ text, code, stdout, stderr }) => ({ text, code, stdout, stderr }))).toEqual(
    story.lines.map(({ text, expected: { code, stdout, stderr } }) => ({
      ...{ text, code },
      ...{ stdout: stdout.join("\n"), stderr: stderr.join("\n") },
    })),
  );
});

test.each(titled(false))("%s", async (_title, story) => {
  const theirs = await outcomesOf(story, tools.theirs);
  const ours = await outcomesOf(story, tools.ours);
  const pairs = story.lines.flatMap(({ text, differs }, index) =>
    parts.map((part): Pair => ({
      ...{ text, part, known: differs.has(part) },
      ...{ theirs: theirs[index]?.[part], ours: ours[index]?.[part] },
    })),
  );
  const differing = pairs
    .filter((pair) => !Bun.deepEquals(pair.theirs, pair.ours))
    .filter((pair) => pair.part !== "effect" || !stands(pair, pairs));
  expect(
    differing.filter(({ known }) => !known).map((pair) => ({ text: pair.text, part: pair.part, ...difference(pair) })),
  ).toEqual([]);
  // The marks are true.
  expect(
    pairs.filter((pair) => pair.known && !differing.includes(pair)).map(({ text, part }) => ({ text, part })),
  ).toEqual([]);
});

test("what differs is told to people", () => {
  const told = differenceNames(readFileSync(join(projectDir, "docs/differences.md"), "utf8"));
  const marked = new Set(stories.flatMap(({ lines }) => lines.flatMap(({ differs }) => [...differs.values()])));
  expect([...marked, ...everywhereNames].filter((name) => !told.has(name))).toEqual([]);
});
