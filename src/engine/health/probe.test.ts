import { expect, test } from "bun:test";
import type { HealthConfig } from "#spec/docker/container-config.ts";
import { probeOf, timingOf, validateHealthcheck } from "./probe.ts";

const config = (Test: readonly string[] | null, more: Partial<HealthConfig> = {}): HealthConfig => ({
  Test,
  Interval: 0,
  Timeout: 0,
  StartPeriod: 0,
  StartInterval: 0,
  Retries: 0,
  ...more,
});
const probe = (...words: readonly string[]) => probeOf({ Healthcheck: config(words), Shell: null });

test("tests of every kind", () => {
  expect(probe("CMD", "a", "b")).toEqual({ kind: "exec", argv: ["a", "b"] });
  expect(probe("CMD-SHELL", "a | b")).toEqual({ kind: "exec", argv: ["/bin/sh", "-c", "a | b"] });
  expect(probeOf({ Healthcheck: config(["CMD-SHELL", "x"]), Shell: ["/bin/bash", "-ec"] })).toEqual({
    kind: "exec",
    argv: ["/bin/bash", "-ec", "x"],
  });
  for (const none of [["NONE"], ["NONE", "x"], ["WAT", "x"], [""], []]) expect(probe(...none)).toBeUndefined();
  expect(probeOf({ Healthcheck: null, Shell: null })).toBeUndefined();
  expect(probe("HTTP", "http://:8080/healthz?deep=1")).toEqual({
    kind: "http",
    secure: false,
    host: "localhost",
    port: 8080,
    path: "/healthz?deep=1",
  });
  const plain = { kind: "http" as const, secure: false, path: "/" };
  expect(probe("HTTP", "http://10.0.0.1")).toEqual({ ...plain, host: "10.0.0.1", port: 80 });
  expect(probe("HTTP", "http://[::1]:81/")).toEqual({ ...plain, host: "::1", port: 81 });
  expect(probe("HTTP", "https://10.0.0.1")).toEqual({ ...plain, secure: true, host: "10.0.0.1", port: 443 });
  expect(probe("TCP", ":5432")).toEqual({ kind: "tcp", host: "localhost", port: 5432 });
  expect(probe("TCP", "tcp://127.0.0.1:1")).toEqual({ kind: "tcp", host: "127.0.0.1", port: 1 });
});

test("what cannot be asked is refused", () => {
  const bad = [
    ["HTTP"],
    ["HTTP", "ftp://:8080/"],
    ["HTTP", "http://:0/"],
    ["HTTP", "http://:65536/"],
    ["HTTP", "http://db:80/"],
    ["HTTP", "http://:80/a b"],
    ["HTTP", "http://:80/\r\nX: y"],
    ["HTTP", "http://:80/", "more"],
    ["TCP", "5432"],
    ["TCP", ":"],
    ["TCP", "300.0.0.1:5"],
    ["TCP"],
  ];
  for (const words of bad) expect(() => validateHealthcheck(config(words))).toThrow(/^invalid (HTTP|TCP|health) /);
});

test("times and counts are refused in Docker's words", () => {
  const refusal = (more: Partial<HealthConfig>) => () => validateHealthcheck(config(["CMD", "true"], more));
  expect(refusal({ Interval: 1 })).toThrow("Interval in Healthcheck cannot be less than 1ms");
  expect(refusal({ Timeout: -5 })).toThrow("Timeout in Healthcheck cannot be less than 1ms");
  expect(refusal({ StartPeriod: 999_999 })).toThrow("StartPeriod in Healthcheck cannot be less than 1ms");
  expect(refusal({ StartInterval: 1 })).toThrow("StartInterval in Healthcheck cannot be less than 1ms");
  expect(refusal({ Retries: -1 })).toThrow("Retries in Healthcheck cannot be negative");
  expect(refusal({ Interval: 1_000_000 })).not.toThrow();
});

test("defaults", () => {
  expect(timingOf(config(["CMD", "true"]))).toEqual({
    intervalMs: 30_000,
    startIntervalMs: 5_000,
    startPeriodMs: 0,
    timeoutMs: 30_000,
    retries: 3,
  });
  expect(timingOf(config(null, { Interval: 1_500_000, Retries: 9 }))).toMatchObject({ intervalMs: 1.5, retries: 9 });
});
