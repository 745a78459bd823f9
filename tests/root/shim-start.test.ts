/** What an engine and a shim do of a start at the same time, and how it ends when one of them does not get through. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { messageOf } from "#base/errors.ts";
import type { Step } from "#runtime/plan/ops.ts";
import type { LaunchRequest } from "#runtime/types.ts";
import { eventually } from "../../tools/lab/command.ts";
import { failureOf, mountCount, openDescriptors, ShimFixture } from "./shim-fixture.ts";

let fixture: ShimFixture;
let before: { mounts: number; descriptors: number };

beforeEach(() => {
  before = { mounts: mountCount(), descriptors: openDescriptors() };
  fixture = new ShimFixture();
});

afterEach(async () => {
  await fixture.close();
  expect(mountCount()).toBe(before.mounts);
  expect(openDescriptors()).toBeLessThanOrEqual(before.descriptors + 4);
});

/** Keeps the plan from being *ready* until it is killed. */
const endless: Step = {
  op: "run_hook",
  name: "endless",
  path: "/bin/sleep",
  argv: ["sleep", "1000"],
  env: [],
  timeout: 0,
  state: new Uint8Array(),
};
const refused: Step = { op: "rlimit", resource: 7, soft: 2n, hard: 1n };

function ahead(extra: readonly Step[], argv: readonly string[], more: Partial<LaunchRequest> = {}): LaunchRequest {
  return fixture.request(fixture.plan(argv, { extra }), { goesAhead: true, ...more });
}

const reasonOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (error: unknown) => messageOf(error),
  );

describe("a process that goes ahead", () => {
  test("is let go before it is ready, and after what is done meanwhile", async () => {
    const order: string[] = [];
    const launched = await fixture.launch(
      ahead([], ["sh", "-c", "exit 4"], {
        onNamespaces: async (pid) => {
          await Bun.sleep(20);
          order.push(existsSync(`/proc/${pid}/ns/net`) ? "namespaces" : "nothing");
        },
      }),
    );
    order.push("launched");
    expect((await launched.go()).startedAtNs).toBeGreaterThan(0n);
    expect((await launched.exited()).exitCode).toBe(4);
    expect(order).toEqual(["namespaces", "launched"]);
  });

  test("and fails tells it to who lets it go, or to who launches it when that comes first", async () => {
    const missing = ahead([], ["/not/there"]);
    const launched = await fixture.launch(missing);
    expect(await failureOf(launched.go())).toMatchObject({ step: missing.plan.steps.length, errno: 2 });
    const early = await fixture.launch(ahead([refused], ["true"]));
    expect(await failureOf(early.go())).toMatchObject({ errno: 22, what: "rlimit" });
    const attaching = ahead([refused], ["true"], {
      onMonitor: async (process) => {
        await process.exited().catch(() => undefined);
        await process.attach({ stdin: false, stdout: true, stderr: true });
      },
    });
    expect(await failureOf(fixture.launch(attaching))).toMatchObject({ errno: 22, what: "rlimit" });
  });

  test("does not run when what is done meanwhile fails", async () => {
    const request = ahead([], ["true"], { onNamespaces: () => Promise.reject(new Error("no address")) });
    expect(await reasonOf(fixture.launch(request))).toBe("no address");
    const killed = { state: "exited", status: { signal: 9 } };
    await eventually("its end", async () => {
      const found = await fixture.launcher.recover(request.dir);
      if (found.state === "ready") found.process.detach();
      return Bun.deepMatch(killed, found) ? true : undefined;
    });
  });

  test("and is killed before it is ready never ran", async () => {
    const told = "the process was killed (signal 9) before it was ready";
    const request = ahead([endless], ["true"]);
    const launched = await fixture.launch(request);
    const gone = reasonOf(launched.go());
    await launched.signal(9);
    expect(await gone).toBe(told);
    expect(await fixture.launcher.recover(request.dir)).toMatchObject({ state: "exited", status: { signal: 9 } });

    const ended = await fixture.launch(ahead([endless], ["true"]));
    await ended.signal(9);
    await ended.exited();
    expect(await reasonOf(ended.go())).toBe(told);
  });
});
