import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { background } from "../../tools/lab/background.ts";
import { OciFixture } from "./oci-fixture.ts";

/** Needs root. What callers of an OCI runtime ask of a container's control groups. */
let fixture: OciFixture;

beforeAll(() => {
  fixture = new OciFixture();
});
afterEach(() => fixture.clear());
afterAll(() => fixture.close());

const runtime = (...args: readonly string[]) => fixture.run(...args);

async function started(args: readonly string[]): Promise<string> {
  const { path, id } = fixture.bundle(args);
  expect(await runtime("run", "--detach", "--bundle", path, id)).toMatchObject({ exitCode: 0, stderr: "" });
  return id;
}

test("exec takes a process file, a group below the container's, and minds a pause", async () => {
  const id = await started(["sleep", "100"]);
  const file = `${fixture.directory}/process.json`;
  const wanted = {
    user: { uid: 5, gid: 6 },
    args: ["sh", "-c", "id -u; echo $HOME; pwd"],
    cwd: "/tmp",
    env: ["PATH=/bin"],
  };
  writeFileSync(file, JSON.stringify(wanted));
  expect((await runtime("exec", "--process", file, id)).stdout).toBe("5\n/home/five\n/tmp\n");
  const pidFile = `${fixture.directory}/exec-pid`;
  expect((await runtime("exec", "--detach", "--pid-file", pidFile, id, "sleep", "50")).exitCode).toBe(0);
  const pids = JSON.parse((await runtime("ps", "--format", "json", id)).stdout) as readonly number[];
  expect(pids).toContain(Number(readFileSync(pidFile, "utf8")));
  expect((await runtime("ps", id, "-o", "pid,args")).stdout).toContain("sleep 50");
  expect((await runtime("exec", "--cgroup", "../other", id, "true")).stderr).toContain("bad sub cgroup path");
  await runtime("pause", id);
  expect((await runtime("pause", id)).stderr).toContain("already paused");
  expect((await runtime("exec", id, "true")).stderr).toContain("cannot exec in a paused container");
  await runtime("resume", id);
  expect((await runtime("resume", id)).stderr).toContain("container not paused");
}, 180_000);

test("update by flags and by JSON on stdin, events tell what is used", async () => {
  const id = await started(["sleep", "100"]);
  expect(await runtime("update", "--memory", "64M", "--pids-limit", "17", id)).toMatchObject({
    exitCode: 0,
    stderr: "",
  });
  const stats = JSON.parse((await runtime("events", "--stats", id)).stdout) as {
    readonly data: { readonly memory: { readonly usage: object }; readonly pids: object; readonly cpu: object };
  };
  expect(stats).toMatchObject({ type: "stats", id });
  expect(stats.data.memory.usage).toMatchObject({ limit: 64 << 20 });
  expect(stats.data.pids).toEqual({ current: 1, limit: 17 });
  const resources = JSON.stringify({ pids: { limit: 19 } });
  expect(await fixture.runWith({ stdin: resources }, "update", "-r", "-", id)).toMatchObject({
    exitCode: 0,
    stderr: "",
  });
  expect((await runtime("events", "--stats", id)).stdout).toContain('"limit":19');
  expect((await runtime("update", "--pids-limit", "many", id)).stderr).toContain("invalid value for pids-limit");
  expect((await runtime("update", "--mem-bw-schema", "x", id)).stderr).toContain("is not supported");
}, 180_000);

test("events go on until the container ends", async () => {
  const id = await started(["sleep", "100"]);
  const events = background([...fixture.program, ...fixture.globals(), "events", "--interval", "100ms", id], {});
  await events.waitFor(/\n.*\n/);
  await runtime("kill", "--all", id, "KILL");
  expect(await events.end()).toBe(0);
}, 180_000);
