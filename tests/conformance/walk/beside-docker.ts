import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { laterDockerDir } from "../../../tools/lab/apt-suite.ts";
import { referenceDir, startBerth, startDockerd } from "../../../tools/lab/engines.ts";
import { createNetworkNamespace, type NetworkNamespace } from "../../../tools/lab/network-namespace.ts";
import { makeScratch, removeScratch } from "../../../tools/lab/scratch.ts";
import { busyboxLayer } from "../../../tools/lab/test-images.ts";
import { play, type Player } from "./play.ts";
import type { Row } from "./row.ts";

/** What a walk needs beside the engines, in each one's network, and how to close it. */
export type Neighbours = (dir: string, network: NetworkNamespace) => Promise<readonly (() => Promise<unknown>)[]>;

export interface Walk {
  /** Of both daemons. */
  readonly daemonArgs?: readonly string[];
  /** Only those that an engine gets by `prepare`. */
  readonly player?: Pick<Player, "bodies" | "digests">;
  readonly neighbours?: Neighbours;
  /** docker 26.1's words, and those of newer versions instead. */
  readonly formerWords: readonly (readonly [former: string, now: string])[];
  /** Where our answer is another on purpose: by `PART: ROW`, and in it by the number of the step. */
  readonly differences: Readonly<Record<string, Readonly<Record<number, string>>>>;
}

/** Docker 26.1 and ours, each in a network of its own with a busybox, from before the file's tests until after them. */
export function besideDocker(walk: Walk): (part: string, rows: readonly Row[]) => void {
  const closers: (() => Promise<unknown>)[] = [];
  let docker: Player;
  let ours: Player;

  async function open(start: typeof startBerth, programs?: string): Promise<Player> {
    const dir = makeScratch("walk");
    closers.push(async () => removeScratch(dir));
    const network = await createNetworkNamespace();
    closers.push(() => network.close());
    closers.push(...((await walk.neighbours?.(dir, network)) ?? []));
    // That of the later suite needs newer libraries than this machine may have.
    mkdirSync(join(dir, "bin"));
    symlinkSync(join(await referenceDir(), "usr/sbin/runc"), join(dir, "bin/runc"));
    const options = { dir, bridge: "bwalk0", bip: "172.31.1.1/24", network, extraArgs: walk.daemonArgs ?? [] };
    const engine = await start(programs === undefined ? options : { ...options, programs });
    closers.push(() => engine.stop());
    const made = await fetch("http://engine/images/create?fromSrc=-&repo=busybox&tag=latest", {
      unix: engine.socket,
      method: "POST",
      headers: { "content-type": "application/x-tar" },
      body: await busyboxLayer(),
    });
    expect([made.status, await made.text()]).toEqual([200, expect.stringContaining("sha256:")]);
    return { socket: engine.socket, dir, ...walk.player };
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
    const line = walk.formerWords.reduce((text, [former, now]) => text.replace(former, now), theirs);
    const [, status = ""] = / => (4\d\d) /.exec(seen) ?? [];
    return status === "" ? line : line.replace(" => 500 {", ` => ${status} {`);
  }

  /** One line for each step. */
  const told = ({ steps }: Row, answers: readonly string[]): readonly string[] =>
    steps.map((step, index) => `${step} => ${answers[index]}`);

  return (part, rows) => {
    test.each(rows.map((row) => [row.name, row] as const))("%s", async (name, row) => {
      const theirs = told(row, await play(docker, row));
      const seen = told(row, await play(ours, row));
      const known = walk.differences[`${part}: ${name}`] ?? {};
      const expected = theirs.map((line, index) => {
        const answer = known[index];
        return answer === undefined ? asNow(line, seen[index] ?? "") : `${row.steps[index]} => ${answer}`;
      });
      expect(seen).toEqual(expected);
      // What is no difference any more is to be taken off the list.
      for (const index of Object.keys(known).map(Number))
        expect(seen[index]).not.toBe(asNow(theirs[index] ?? "", seen[index] ?? ""));
    });

    test(`names of ${part} are told apart`, () => {
      expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    });

    test(`every difference of ${part} that is told is of a row`, () => {
      const names = new Set(rows.map(({ name }) => `${part}: ${name}`));
      const ofPart = Object.keys(walk.differences).filter((name) => name.startsWith(`${part}: `));
      expect(ofPart.filter((name) => !names.has(name))).toEqual([]);
    });
  };
}
