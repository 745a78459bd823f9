/** `berth debug`: tools in containers and images that have none, and nothing left of it. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../../tools/lab/command.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

let engine: BusyboxEngine;

/** An image with one program and no shell: busybox under a name by which it is nothing but `sleep`. */
beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bdbg0", bip: "172.31.229.1/24" });
  const root = join(engine.dir, "bare");
  mkdirSync(root);
  copyFileSync("/bin/busybox", join(root, "sleep"));
  await mustRun(["tar", "-C", root, "-cf", join(engine.dir, "bare.tar"), "sleep"]);
  await engine.ok("import", join(engine.dir, "bare.tar"), "bare");
}, 180_000);
afterAll(() => engine.close());
afterEach(() => engine.removeAll());

const images = async (): Promise<string> => engine.ok("images", "-aq", "--no-trunc");

test("beside a running container: its processes, its network, its files as they are", async () => {
  await engine.ok("run", "-d", "--name", "web", "-v", "/data", "bare", "/sleep", "600");
  const seen = await engine.ok("debug", "web", "sh", "-c", "ps | grep -c '[s]leep 600'; ls /container/");
  expect(seen.split("\n")).toEqual(expect.arrayContaining(["1", "data", "sleep"]));
  await engine.ok("debug", "web", "sh", "-c", "echo new > /container/data/file; echo more > /container/changed");
  expect(await engine.ok("debug", "web", "cat", "/container/data/file")).toBe("new\n");
  expect(await engine.ok("diff", "web")).toContain("A /changed");
  const address = (await engine.ok("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "web")).trim();
  expect(await engine.ok("debug", "web", "ip", "-o", "-4", "address")).toContain(address);
  expect((await engine.ok("ps", "-aq")).trim().split("\n")).toHaveLength(1);
});

test("in a copy of a stopped container, with its changes and its volumes", async () => {
  await engine.ok(
    "run",
    "--name",
    "ended",
    "-v",
    "kept:/data",
    "busybox",
    "sh",
    "-c",
    "echo was > /was; echo v > /data/v",
  );
  const before = await images();
  const line = "cat /was /data/v; echo changed > /data/v; rm /was";
  expect(await engine.ok("debug", "ended", "sh", "-c", line)).toBe("was\nv\n");
  expect(await engine.ok("debug", "ended", "cat", "/was", "/data/v")).toBe("was\nchanged\n");
  expect(await images()).toBe(before);
  await engine.ok("rm", "ended");
  await engine.ok("volume", "rm", "kept");
});

test("in an image without a shell; the exit code and the input are the command's", async () => {
  expect(await engine.ok("debug", "bare", "ls", "/")).toContain("sleep\n");
  expect(await engine.run("debug", "bare", "sh", "-c", "echo out; echo err >&2; exit 7")).toMatchObject({
    code: 7,
    stdout: "out\n",
    stderr: "err\n",
  });
  expect((await engine.ok("ps", "-aq")).trim()).toBe("");
});

test("what is neither is told with the next step", async () => {
  expect(await engine.run("debug", "nothing")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is no container or image "nothing"\nPull the image first'),
  });
});
