import { expect, test } from "bun:test";

import { identifyProcess, isEnding, isRunning, parseStat, runCommand, signalProcess, spawnProcess } from "./process.ts";

const env = { PATH: "/usr/bin:/bin" };

test("a program's output and exit code come back", async () => {
  const result = await runCommand({
    file: "sh",
    args: ["-c", "cat; echo oops >&2; exit 7"],
    env,
    input: new TextEncoder().encode("hello"),
    timeoutMs: 10_000,
  });
  expect(result.exitCode).toBe(7);
  expect(result.signal).toBeUndefined();
  expect(new TextDecoder().decode(result.stdout)).toBe("hello");
  expect(new TextDecoder().decode(result.stderr)).toBe("oops\n");
});

test("only the environment given is there", async () => {
  const result = await runCommand({ file: "env", args: [], env: { A: "b", PATH: "/usr/bin:/bin" }, timeoutMs: 10_000 });
  expect(new TextDecoder().decode(result.stdout).trim().split("\n").sort()).toEqual(["A=b", "PATH=/usr/bin:/bin"]);
});

test("input that is not read does not fail the command", async () => {
  const result = await runCommand({ file: "true", args: [], env, input: new Uint8Array(1 << 20), timeoutMs: 10_000 });
  expect(result.exitCode).toBe(0);
});

test("a program that takes too long or says too much is killed", async () => {
  const slow = runCommand({ file: "sleep", args: ["60"], env, timeoutMs: 20 });
  await expect(slow).rejects.toMatchObject({ kind: "deadline" });
  const loud = runCommand({ file: "yes", args: [], env, timeoutMs: 10_000, maxOutputBytes: 1000 });
  await expect(loud).rejects.toMatchObject({ kind: "resource-exhausted" });
});

test("a missing program is not-found", () => {
  expect(() => spawnProcess({ file: "/no/such/program", args: [], env })).toThrow("executable file not found");
});

test("identity tells a process from its successor and a zombie from the living", async () => {
  const child = spawnProcess({ file: "sleep", args: ["60"], env });
  const identity = identifyProcess(child.pid);
  if (identity === undefined) throw new Error("the child is gone");
  expect(isRunning(identity)).toBe(true);
  expect(isEnding(identity)).toBe(false);
  expect(isRunning({ ...identity, startTicks: identity.startTicks - 1 })).toBe(false);
  expect(signalProcess({ ...identity, startTicks: 0 }, 9)).toBe(false);
  expect(signalProcess(identity, 9)).toBe(true);
  expect(await child.exited).toMatchObject({ signal: "SIGKILL" });
  expect(isRunning(identity)).toBe(false);
  expect(isEnding(identity)).toBe(true);
});

test("descriptors are handed on by number, others are not", async () => {
  const result = await runCommand({
    file: "sh",
    args: ["-c", "for fd in /proc/$$/fd/*; do echo ${fd##*/}; done"],
    env,
    extraFds: [2],
    timeoutMs: 10_000,
  });
  expect(result.exitCode).toBe(0);
  // The shell itself has the directory open while it lists it.
  expect(new TextDecoder().decode(result.stdout).trim().split("\n").slice(0, 4)).toEqual(["0", "1", "2", "3"]);
  expect(result.stdout.length).toBeLessThanOrEqual("0\n1\n2\n3\n99\n".length);
});

test("a command name may hold spaces and parentheses", () => {
  const fields = Array.from({ length: 48 }, (_, index) => String(index + 4)).join(" ");
  expect(parseStat(`42 (a (b) c) S ${fields}\n`)).toEqual({
    comm: "a (b) c",
    state: "S",
    parentPid: 4,
    flags: 9,
    startTicks: 22,
  });
});
