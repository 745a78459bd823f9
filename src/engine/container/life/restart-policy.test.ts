import { describe, expect, test } from "bun:test";
import { containerConfig } from "#spec/docker/container-config.ts";
import { hostConfig } from "#spec/docker/host-config.ts";
import { decode } from "#spec/docker/schema.ts";
import { restartDelayMs, startsWithEngine, type EndedRun } from "./restart-policy.ts";
import type { Life } from "../spec.ts";

const second = 1_000_000_000n;

function ended(
  policy: string,
  more: Partial<Omit<EndedRun, "spec" | "life">> & { life?: Partial<Life>; StopSignal?: string },
) {
  const [Name, count = "0"] = policy.split(":");
  const { life, StopSignal = "", ...run } = more;
  return restartDelayMs({
    spec: {
      hostConfig: decode(hostConfig, { RestartPolicy: { Name, MaximumRetryCount: Number(count) } }),
      config: decode(containerConfig, { StopSignal }),
    },
    life: {
      status: { state: "created", exitCode: 0, error: "" },
      restartCount: 0,
      stoppedByUser: false,
      ...life,
    },
    exitCode: 1,
    ranNs: second,
    finishedAtNs: 100n * second,
    ...run,
  });
}

test("the pause doubles from 100 ms to a minute and begins anew after ten seconds up", () => {
  const pauses: (number | undefined)[] = [];
  for (let restartDelay: number | undefined, count = 0; count < 12; count += 1) {
    restartDelay = ended("always", { life: { restartDelayMs: restartDelay } });
    pauses.push(restartDelay);
  }
  expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
  expect(ended("always", { life: { restartDelayMs: 60_000 }, ranNs: 10n * second })).toBe(100);
  expect(ended("always", { life: { restartDelayMs: 400 }, ranNs: 10n * second - 1n })).toBe(800);
});

test("which ends are followed by a start", () => {
  const starts = (policy: string, exitCode: number, restartCount = 0): boolean =>
    ended(policy, { exitCode, life: { restartCount } }) !== undefined;
  expect([starts("no", 1), starts("", 1)]).toEqual([false, false]);
  expect([starts("always", 0), starts("unless-stopped", 0), starts("on-failure", 0)]).toEqual([true, true, false]);
  expect([starts("on-failure", 1, 1000), starts("on-failure:3", 1, 2), starts("on-failure:3", 1, 3)]).toEqual([
    true,
    true,
    false,
  ]);
});

describe("what a person ended stays down", () => {
  const request = (by: "kill" | "shutdown" | "unhealthy-restart", atNs: bigint) =>
    ({ stopRequest: { by, signal: 1, atNs: String(atNs) } }) as const;
  test("by stop", () => expect(ended("always", { life: { stoppedByUser: true } })).toBeUndefined());
  test("by any signal, without a stop signal of its own", () =>
    expect(ended("always", { life: request("kill", 95n * second) })).toBeUndefined());
  test("not by another signal than its own", () =>
    expect(ended("always", { life: request("kill", 95n * second), StopSignal: "QUIT" })).toBe(100));
  test("not by a signal long ago", () => expect(ended("always", { life: request("kill", 90n * second) })).toBe(100));
  test("not by the engine", () => {
    expect(ended("always", { life: request("shutdown", 99n * second) })).toBe(100);
    expect(ended("always", { life: request("unhealthy-restart", 99n * second) })).toBe(100);
  });
});

test("which containers come up with the engine", () => {
  const comes = (Name: string, stoppedByUser: boolean, exitCode = 0): boolean =>
    startsWithEngine({ Name, MaximumRetryCount: 0 }, { exitCode, restartCount: 0, stoppedByUser });
  expect([comes("always", true), comes("unless-stopped", true), comes("unless-stopped", false)]).toEqual([
    true,
    false,
    true,
  ]);
  expect([comes("on-failure", false, 1), comes("on-failure", false, 0), comes("no", false, 1)]).toEqual([
    true,
    false,
    false,
  ]);
});
