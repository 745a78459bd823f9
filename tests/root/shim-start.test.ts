/** What an engine and a shim do of a start at the same time, and how it ends when one of them does not get through. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { messageOf } from "#base/errors.ts";
import type { Plan, Step } from "#runtime/plan/ops.ts";
import type { LaunchRequest, SupervisedProcess } from "#runtime/types.ts";
import { eventually } from "../../tools/lab/command.ts";
import { begunWithNetwork, goneOf, host, killedWith, missingRoot, networkOf, reasonOf } from "./shim-begun.ts";
import { failureOf, fixtureForEach, type ShimFixture } from "./shim-fixture.ts";

setDefaultTimeout(180_000);

let fixture: ShimFixture;
fixtureForEach((made) => (fixture = made));

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

describe("a process that goes ahead", () => {
  test("is let go before it is ready, and after what is done meanwhile", async () => {
    const order: string[] = [];
    const launched = await fixture.launch(
      ahead([], ["sh", "-c", "exit 4"], {
        onNetwork: async (namespace) => {
          await Bun.sleep(20);
          order.push(existsSync(namespace) ? "network" : "nothing");
        },
      }),
    );
    order.push("launched");
    expect((await launched.go()).startedAtNs).toBeGreaterThan(0n);
    expect((await launched.exited()).exitCode).toBe(4);
    expect(order).toEqual(["network", "launched"]);
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
    const request = ahead([], ["true"], { onNetwork: () => Promise.reject(new Error("no address")) });
    expect(await reasonOf(fixture.launch(request))).toBe("no address");
    const killed = { state: "exited", status: { signal: 9 } };
    await eventually("its end", async () => {
      const found = await fixture.launcher.recover(request.dir);
      if (found.state === "ready") found.process.detach();
      return Bun.deepMatch(killed, found) ? true : undefined;
    });
  });

  test("and waits for somebody else first cannot be let go ahead of that", async () => {
    const points: number[] = [];
    const onWait = async (point: number): Promise<void> => void points.push(point);
    const request = fixture.request(fixture.plan(["sh", "-c", "exit 6"], { extra: [{ op: "wait", point: 1 }] }), {
      onWait,
      onMonitor: async (process) => {
        const errno = process.go().then(
          () => "let go",
          (error: unknown) => messageOf(error),
        );
        points.push(0);
        expect(await errno).toBe("the process does not wait at point 0");
      },
    });
    const launched = await fixture.launch(request);
    expect(points).toEqual([0, 1]);
    await launched.go();
    expect((await launched.exited()).exitCode).toBe(6);
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

/** What a killed monitor had made already; an engine finds it by its control group. */
function endThoseIn(network: string): void {
  for (const name of readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
    try {
      if (networkOf(Number(name)) === network) process.kill(Number(name), 9);
    } catch {
      // It has ended.
    }
  }
}

describe("a network namespace that is made before the plan is there", () => {
  test("is the process's, given as soon as the plan is sent, and left by the monitor", async () => {
    let given = "";
    const onNetwork = async (namespace: string): Promise<void> => {
      given = `net:[${statSync(namespace).ino}]`;
    };
    const plan = fixture.plan(["sh", "-c", "readlink /proc/self/ns/net; ls -l /proc/self/fd; exec sleep 1000"]);
    const { request, begun, shim, made } = await begunWithNetwork(fixture, { plan, onNetwork });
    const launched = fixture.keep(await begun.launch(request));
    expect(given).toBe(made);
    await launched.go();
    expect(launched.monitorPid).toBe(shim);
    expect([networkOf(launched.pid), networkOf(shim)]).toEqual([made, host]);
    for (const pid of [launched.pid, shim])
      expect(readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))).not.toContain(host);
  });

  test.each<[string, (plan: Plan, partner: number) => Plan]>([
    ["none", (plan) => ({ ...plan, create: plan.create.filter((kind) => kind !== "network") })],
    [
      "one of a user namespace",
      ({ steps, ...plan }) => ({
        ...plan,
        steps: steps.filter(({ op }) => op !== "mknod"),
        create: [...plan.create, "user"],
        uidMap: "0 0 4294967295",
        gidMap: "0 0 4294967295",
      }),
    ],
    [
      "one beside another's namespace",
      (plan, partner) => ({
        ...plan,
        create: plan.create.filter((kind) => kind !== "ipc"),
        join: [{ by: "path", kind: "ipc", path: `/proc/${partner}/ns/ipc` }],
      }),
    ],
    [
      "another's",
      (plan, partner) => ({
        ...plan,
        create: plan.create.filter((kind) => kind !== "network"),
        join: [{ by: "path", kind: "network", path: `/proc/${partner}/ns/net` }],
      }),
    ],
  ])("is not taken by a plan that wants %s", async (wanted, change) => {
    const partner = await fixture.start(fixture.plan(["sleep", "1000"]));
    let given = "";
    const onNetwork = async (namespace: string): Promise<void> => {
      given = `net:[${statSync(namespace).ino}]`;
    };
    const plan = change(fixture.plan(["sleep", "1000"]), partner.pid);
    const { request, begun, shim, made } = await begunWithNetwork(fixture, { plan, onNetwork });
    const launched = fixture.keep(await begun.launch(request));
    await launched.go();
    const own = networkOf(launched.pid);
    expect(given).toBe(own);
    expect(networkOf(shim)).toBe(host);
    if (wanted === "none") expect(own).toBe(host);
    else if (wanted === "another's") expect(own).toBe(networkOf(partner.pid));
    else expect([host, made, networkOf(partner.pid)]).not.toContain(own);
  });

  test("ends with a shim that gets no plan, or one that fails", async () => {
    const given = await begunWithNetwork(fixture, { plan: fixture.plan(["true"]) });
    await given.begun.abandon();
    await goneOf(given.shim);

    let joined = false;
    const onNetwork = async (): Promise<void> => {
      await Bun.sleep(20);
      joined = true;
    };
    const failing = await begunWithNetwork(fixture, { plan: fixture.plan(["true"], { root: missingRoot }), onNetwork });
    expect(await failureOf(failing.begun.launch(failing.request))).toMatchObject({ errno: 2 });
    // Who is told may take everything away.
    expect(joined).toBe(true);
    await goneOf(failing.shim);
  });

  test("and whose shim is killed before or after it has the plan", async () => {
    const before = await begunWithNetwork(fixture, { plan: fixture.plan(["true"]) });
    process.kill(before.shim, 9);
    await goneOf(before.shim);
    // Of which one depends on how far the launch, and the kernel with the killed one, was.
    const lost = /^(the process's monitor is gone and left no status|the shim ended without a word)$/;
    expect(await reasonOf(before.begun.launch(before.request))).toMatch(lost);

    const plan = fixture.plan(["true"], { extra: [endless] });
    const after = await begunWithNetwork(fixture, {
      plan,
      onNetwork: async () => {
        process.kill(after.shim, 9);
        await goneOf(after.shim);
      },
    });
    const launched = await after.begun.launch(after.request).catch((error: unknown) => error);
    const reason =
      launched instanceof Error ? messageOf(launched) : await reasonOf((launched as SupervisedProcess).go());
    expect(reason).toMatch(lost);
    endThoseIn(after.made);
  });

  test("ends with who had it made", async () => {
    await killedWith(fixture, "begun.makeNetwork();", (pid) => networkOf(pid) !== host);
  });
});
