import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../lab/command.ts";
import { runProcess } from "./run-job.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "run-job-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

const sum = 'console.log("3 passed, 0 failed");';

async function ran(script: string, kills = new Set<() => void>()): Promise<readonly [number, number, string]> {
  const program = join(dir, `${crypto.randomUUID()}.ts`);
  writeFileSync(program, script);
  const { passed, failed, text } = await runProcess({ name: "x", args: [], program }, [], kills);
  return [passed, failed, text];
}

test("a job's sum counts when it ended by itself", async () => {
  expect(await ran(sum)).toEqual([3, 0, "3 passed, 0 failed\n"]);
  expect(await ran(`${sum} process.exit(1);`)).toEqual([3, 1, expect.any(String)]);
});

test("a job that is killed has passed nothing, whatever it had printed", async () => {
  expect(await ran(`${sum} process.kill(process.pid, "SIGKILL");`)).toEqual([0, 1, expect.any(String)]);
});

test("a job ends when it is ended from outside, though what it started holds its output", async () => {
  const kills = new Set<() => void>();
  // In a session of its own, which the kill of the group does not reach.
  const started = join(dir, "started");
  const child = `Bun.spawn(["setsid", "sh", "-c", "echo $$ > ${started}; exec sleep 1000"], { stdout: "inherit" });`;
  const outcome = ran(`${child} ${sum} await Bun.sleep(1e6);`, kills);
  const pid = await eventually("what it started", async () => {
    const file = Bun.file(started);
    return (await file.exists()) && (await file.text()).endsWith("\n") ? Number(await file.text()) : undefined;
  });
  try {
    for (const kill of kills) kill();
    expect(await outcome).toEqual([0, 1, expect.any(String)]);
  } finally {
    process.kill(pid, "SIGKILL");
  }
});
