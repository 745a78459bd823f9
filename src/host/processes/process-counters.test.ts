import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { readProcessCounters } from "./process-counters.ts";

test("this process's own counters", () => {
  const before = readProcessCounters();
  const fds = [openSync("/dev/null", "r"), openSync("/dev/null", "r")];
  expect(readProcessCounters().openFiles).toBe(before.openFiles + 2);
  fds.forEach((fd) => closeSync(fd));
  expect(before.residentBytes).toBeGreaterThan(1 << 20);
  expect(before.virtualBytes).toBeGreaterThanOrEqual(before.residentBytes);
  expect(before.cpuSeconds).toBeGreaterThan(0);
  expect(before.threads).toBeGreaterThan(0);
  expect(before.maxOpenFiles).toBeGreaterThan(before.openFiles);
  expect(before.startedAtSeconds).toBeLessThanOrEqual(Date.now() / 1000);
});
