/** Execs are created and started while their container ends: a conflict, or the exec ran; never a failure of the engine. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { freePort, startDebianRegistry, type RunningRegistry } from "../../tools/lab/debian-registry.ts";
import { berthCommand, cliEnvironment, startBerth, type RunningEngine } from "../../tools/lab/engines.ts";
import { mustRun } from "../../tools/lab/command.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";

setDefaultTimeout(120_000);

let dir = "";
let registry: RunningRegistry | undefined;
let engine: RunningEngine | undefined;

const ok = (...args: string[]): Promise<string> =>
  mustRun([...berthCommand(), ...args], { env: cliEnvironment(engine?.host ?? "") });

async function post(path: string, body: unknown): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`http://engine${path}`, {
    unix: engine?.socket ?? "",
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

beforeAll(async () => {
  dir = makeScratch("execend");
  registry = await startDebianRegistry({ dir, port: await freePort() });
  await pushImage(registry.address, "busybox", "latest", await busyboxImage());
  engine = await startBerth({ dir, bridge: "bexecend0", bip: "172.31.246.1/24" });
  await ok("pull", "-q", `${registry.address}/busybox`);
  await ok("tag", `${registry.address}/busybox`, "busybox");
});

afterAll(async () => {
  await engine?.stop();
  await registry?.stop();
  removeScratch(dir);
});

test("an exec that meets the end of its container is a conflict", async () => {
  const answers = new Map<string, number>();
  const count = (key: string): void => void answers.set(key, (answers.get(key) ?? 0) + 1);
  for (let round = 0; round < 15; round += 1) {
    const id = (await ok("run", "-d", "busybox", "sleep", "0.2")).trim();
    const execs = async (): Promise<void> => {
      for (;;) {
        const created = await post(`/containers/${id}/exec`, { Cmd: ["true"] });
        if (created.status !== 201)
          return count(`create ${created.status} ${created.text.trim()}`.replaceAll(id, "ID"));
        const exec = (JSON.parse(created.text) as { Id: string }).Id;
        const started = await post(`/exec/${exec}/start`, { Detach: true });
        count(`start ${started.status} ${started.text.trim()}`.replaceAll(id, "ID"));
      }
    };
    await Promise.all([execs(), execs(), execs()]);
    await ok("rm", id);
  }
  const conflict = '409 {"message":"container ID is not running"}';
  expect([...answers.keys()].toSorted()).toEqual([`create ${conflict}`, "start 200 ", `start ${conflict}`]);
});
