/** Execs are created and started while their container ends: a conflict, or the exec ran; never a failure of the engine. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../../tools/lab/command.ts";
import { BusyboxEngine } from "./busybox-engine.ts";

setDefaultTimeout(600_000);

let engine: BusyboxEngine;

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bexecend0", bip: "172.31.246.1/24" });
});
afterAll(() => engine.close());

test("an exec that meets the end of its container is a conflict", async () => {
  const answers = new Map<string, number>();
  const count = (key: string): void => void answers.set(key, (answers.get(key) ?? 0) + 1);
  // Where the end comes is chance: as often as it takes to meet both sides of a start.
  for (let round = 0; round < 15 || answers.size < 3; round += 1) {
    const id = (await engine.ok("run", "-d", "busybox", "sleep", "1000")).trim();
    let runs = 0;
    const execs = async (): Promise<void> => {
      for (;;) {
        const created = await engine.api("POST", `/containers/${id}/exec`, { Cmd: ["true"] });
        if (created.status !== 201)
          return count(`create ${created.status} ${created.text.trim()}`.replaceAll(id, "ID"));
        const exec = (JSON.parse(created.text) as { Id: string }).Id;
        const started = await engine.api("POST", `/exec/${exec}/start`, { Detach: true });
        count(`start ${started.status} ${started.text.trim()}`.replaceAll(id, "ID"));
        runs += 1;
      }
    };
    const end = eventually("some ran", () => (runs > 2 ? true : undefined)).then(() =>
      engine.api("POST", `/containers/${id}/kill`),
    );
    await Promise.all([execs(), execs(), execs(), end]);
    await engine.ok("wait", id);
    await engine.ok("rm", id);
  }
  const conflict = '409 {"message":"container ID is not running"}';
  expect([...answers.keys()].toSorted()).toEqual([`create ${conflict}`, "start 200 ", `start ${conflict}`]);
});
