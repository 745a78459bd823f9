/**
 * A walk through all that /networks and /volumes take and answer, and through the networks and mounts of containers: docker
 * 26.1 and ours, row by row. Where ours is another on purpose, walk/differences.ts has it with the reason.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { laterDockerDir } from "../../tools/lab/apt-suite.ts";
import { referenceDir, startBerth, startDockerd } from "../../tools/lab/engines.ts";
import { createNetworkNamespace } from "../../tools/lab/network-namespace.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxLayer } from "../../tools/lab/test-images.ts";
import { differences, formerWords } from "./walk/differences.ts";
import { joinRows } from "./walk/joins.ts";
import { networkRows } from "./walk/networks.ts";
import { play, type Player } from "./walk/play.ts";
import type { Row } from "./walk/row.ts";
import { volumeRows } from "./walk/volumes.ts";

setDefaultTimeout(120_000);

const closers: (() => Promise<unknown>)[] = [];
let docker: Player;
let ours: Player;

async function open(start: typeof startBerth, programs?: string): Promise<Player> {
  const dir = makeScratch("walk");
  closers.push(async () => removeScratch(dir));
  const network = await createNetworkNamespace();
  closers.push(() => network.close());
  // That of the later suite needs newer libraries than this machine may have.
  mkdirSync(join(dir, "bin"));
  symlinkSync(join(await referenceDir(), "usr/sbin/runc"), join(dir, "bin/runc"));
  const options = { dir, bridge: "bwalk0", bip: "172.31.1.1/24", network };
  const engine = await start(programs === undefined ? options : { ...options, programs });
  closers.push(() => engine.stop());
  const made = await fetch("http://engine/images/create?fromSrc=-&repo=busybox&tag=latest", {
    unix: engine.socket,
    method: "POST",
    headers: { "content-type": "application/x-tar" },
    body: await busyboxLayer(),
  });
  expect([made.status, await made.text()]).toEqual([200, expect.stringContaining("sha256:")]);
  return { socket: engine.socket, dir };
}

beforeAll(async () => {
  docker = await open(startDockerd, await laterDockerDir());
  ours = await open(startBerth);
}, 180_000);

afterAll(async () => {
  for (const closer of closers.reverse()) await closer();
}, 180_000);

/**
 * docker 26.1's answer in the words of newer ones; and where it calls a fault its own, and ours the request's, under our
 * status: it is the request that was wrong.
 */
function asNow(theirs: string, seen: string): string {
  const line = formerWords.reduce((text, [former, now]) => text.replace(former, now), theirs);
  const [, status = ""] = / => (4\d\d) /.exec(seen) ?? [];
  return status === "" ? line : line.replace(" => 500 {", ` => ${status} {`);
}

/** One line for each step. */
const told = ({ steps }: Row, answers: readonly string[]): readonly string[] =>
  steps.map((step, index) => `${step} => ${answers[index]}`);

describe.each([
  ["networks", [...networkRows, ...joinRows]],
  ["volumes", volumeRows],
] as const)("%s", (part, rows) => {
  test.each(rows.map((row) => [row.name, row] as const))("%s", async (name, row) => {
    const theirs = told(row, await play(docker, row));
    const seen = told(row, await play(ours, row));
    const known = differences[`${part}: ${name}`] ?? {};
    const expected = theirs.map((line, index) => {
      const answer = known[index];
      return answer === undefined ? asNow(line, seen[index] ?? "") : `${row.steps[index]} => ${answer}`;
    });
    expect(seen).toEqual(expected);
    // What is no difference any more is to be taken off the list.
    for (const index of Object.keys(known).map(Number))
      expect(seen[index]).not.toBe(asNow(theirs[index] ?? "", seen[index] ?? ""));
  });
});

test("every difference that is told is of a row", () => {
  const names = new Set([
    ...[...networkRows, ...joinRows].map(({ name }) => `networks: ${name}`),
    ...volumeRows.map(({ name }) => `volumes: ${name}`),
  ]);
  expect(Object.keys(differences).filter((name) => !names.has(name))).toEqual([]);
});
