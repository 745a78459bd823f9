/**
 * The engine behind its own supervisor is killed again and again: clients wait instead of being refused, containers do not
 * notice, and what ends by itself is not started again.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { command, eventually, mustRun } from "../../tools/lab/command.ts";
import { startDebianRegistry, type RunningRegistry } from "../../tools/lab/debian-registry.ts";
import { berthCommand, cliEnvironment, dockerCli } from "../../tools/lab/engines.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";
import { startPlainDaemon, type StartedDaemon } from "../engine/daemon-fixture.ts";

setDefaultTimeout(180_000);

let dir = "";
let engine: StartedDaemon | undefined;
let registry: RunningRegistry | undefined;
let docker = "";

const socket = (): string => join(dir, "berth.sock");
const ok = (...args: string[]): Promise<string> =>
  mustRun([docker, ...args], { env: cliEnvironment(`unix://${socket()}`), timeoutMs: 120_000 });

beforeAll(async () => {
  dir = makeScratch("supervised");
  docker = await dockerCli();
  registry = await startDebianRegistry({ dir });
  await pushImage(registry.address, "busybox", "latest", await busyboxImage());
  engine = await startPlainDaemon({ dir, args: ["--supervise", "-H", `unix://${socket()}`] });
  await ok("pull", "-q", `${registry.address}/busybox`);
  await ok("tag", `${registry.address}/busybox`, "busybox");
});

afterAll(async () => {
  await engine?.process.stop();
  await registry?.stop();
  removeScratch(dir);
});

/** Kill the engine, not its supervisor; resolves when another pid is there. */
async function killEngine(): Promise<void> {
  const before = engine?.pid() ?? 0;
  process.kill(before, "SIGKILL");
  await eventually("another engine", async () => {
    const now = engine?.pid() ?? before;
    return now !== before && now > 0 ? true : undefined;
  });
}

test("input, its end and a request's body pass the handed socket", async () => {
  const id = (await ok("run", "-d", "--network", "none", "busybox", "sleep", "1000")).trim();
  const exec = await command([docker, "exec", "-i", id, "sh", "-c", "wc -c; echo done"], {
    env: cliEnvironment(`unix://${socket()}`),
    stdin: "x".repeat(200_000),
    timeoutMs: 120_000,
  });
  expect(exec).toEqual({ code: 0, stdout: "200000\ndone\n", stderr: "" });
  await ok("rm", "-f", id);
});

test("ten kills: no client is refused, and the container's output has no gap", async () => {
  const line = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done";
  await ok("run", "-d", "--name", "counter", "--network", "none", "busybox", "sh", "-c", line);
  const pid = await ok("inspect", "-f", "{{.State.Pid}}", "counter");
  const failures: string[] = [];
  let asked = 0;
  const enough = new AbortController();
  const client = (async () => {
    while (!enough.signal.aborted) {
      asked++;
      await fetch("http://engine/_ping", { unix: socket(), keepalive: false })
        .then((answer) => answer.text())
        .catch((error: unknown) => failures.push((error as { code?: string }).code ?? String(error)));
      await Bun.sleep(3);
    }
  })();
  for (let round = 0; round < 10; round++) {
    const before = asked;
    await killEngine();
    await eventually("the client asks on", () => (asked >= before + 5 ? true : undefined));
  }
  enough.abort();
  await client;
  // A request that was under way dies with the engine that had it; nobody finds the door closed.
  expect(failures.filter((code) => /REFUSED|ENOENT|FailedToOpen/i.test(code))).toEqual([]);
  expect(failures.length).toBeLessThanOrEqual(20);
  expect(asked).toBeGreaterThan(30);
  expect(await ok("inspect", "-f", "{{.State.Pid}}", "counter")).toBe(pid);
  const numbers = (await ok("logs", "counter")).trim().split("\n").map(Number);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  await ok("rm", "-f", "counter");
});

test("an engine that is stopped in order stays so, and the sockets go", async () => {
  await engine?.process.stop();
  expect(existsSync(socket())).toBe(false);
  expect(engine?.log()).toContain('msg="engine is stopping" signal=SIGTERM');
});

test("an engine that refuses its configuration is not started again", async () => {
  const result = await command([...berthCommand(), "daemon", "--supervise", "--rootless"], {
    timeoutMs: 120_000,
  });
  expect(result.code).toBe(1);
  expect(result.stderr).toContain("--rootless is not supported");
});
