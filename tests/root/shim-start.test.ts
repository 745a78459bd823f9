/** What an engine and a shim do of a start at the same time, and how it ends when one of them does not get through. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { messageOf } from "#base/errors.ts";
import type { Plan, Step } from "#runtime/plan/ops.ts";
import type { LaunchRequest, SupervisedProcess } from "#runtime/types.ts";
import { announce, type Announcement } from "#host/kernel/operations-beside.ts";
import { descendants } from "#host/processes/descendants.ts";
import { eventually } from "../../tools/lab/command.ts";
import { projectDir } from "../../tools/lab/paths.ts";
import { failureOf, mountCount, openDescriptors, ShimFixture, shimPath } from "./shim-fixture.ts";

setDefaultTimeout(180_000);

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
const missingRoot: Step = { op: "root_bind", source: "/not/on/this/host", attrSet: 0, target: "" };
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

/** A shim that was begun and is in a network namespace of its own. */
async function begunWithNetwork(more: Partial<LaunchRequest> & { readonly plan: Plan }) {
  const request = fixture.request(more.plan, more);
  const known = descendants(process.pid);
  const begun = fixture.launcher.begin(request);
  const [shim = 0] = descendants(process.pid).filter((pid) => !known.includes(pid));
  begun.makeNetwork();
  const made = await eventually("a network namespace", () => (networkOf(shim) === host ? undefined : networkOf(shim)));
  return { request, begun, shim, made };
}

const goneOf = (pid: number): Promise<true> =>
  eventually(`the end of process ${pid}`, () => (existsSync(`/proc/${pid}/exe`) ? undefined : true));
const networkOf = (pid: number): string => readlinkSync(`/proc/${pid}/ns/net`);
const host = networkOf(process.pid);

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

/** A shim that another process began, and did something with, does not outlive that one, whose end comes by SIGKILL. */
async function killedWith(act: string, isThere: (shim: number, dir: string) => boolean): Promise<void> {
  const { id, dir } = fixture.request(fixture.plan(["true"]));
  const script = `
    import { writeFileSync } from "node:fs";
    import { runBeside } from "#host/kernel/operations-beside.ts";
    import { NativeShimLauncher } from "#runtime/shim/launcher.ts";
    const [id, dir, path] = process.argv.slice(1);
    const begun = new NativeShimLauncher({ shimPath: () => path }).begin({ id, dir });
    ${act}
    setInterval(() => {}, 1000);
  `;
  const child = Bun.spawn([process.execPath, "-e", script, id, dir, shimPath], {
    cwd: projectDir,
    stdio: ["ignore", "inherit", "inherit"],
  });
  try {
    const shim = await eventually("its shim at that point", () =>
      descendants(child.pid).find((pid) => isThere(pid, dir)),
    );
    child.kill("SIGKILL");
    await child.exited;
    await goneOf(shim);
    expect(await fixture.launcher.recover(dir)).toEqual({ state: "lost" });
  } finally {
    child.kill("SIGKILL");
  }
}

describe("a network namespace that is made before the plan is there", () => {
  test("is the process's, given as soon as the plan is sent, and left by the monitor", async () => {
    let given = "";
    const onNetwork = async (namespace: string): Promise<void> => {
      given = `net:[${statSync(namespace).ino}]`;
    };
    const plan = fixture.plan(["sh", "-c", "readlink /proc/self/ns/net; ls -l /proc/self/fd; exec sleep 1000"]);
    const { request, begun, shim, made } = await begunWithNetwork({ plan, onNetwork });
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
    const { request, begun, shim, made } = await begunWithNetwork({ plan, onNetwork });
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
    const given = await begunWithNetwork({ plan: fixture.plan(["true"]) });
    given.begun.abandon();
    await goneOf(given.shim);

    let joined = false;
    const onNetwork = async (): Promise<void> => {
      await Bun.sleep(20);
      joined = true;
    };
    const failing = await begunWithNetwork({ plan: fixture.plan(["true"], { root: missingRoot }), onNetwork });
    expect(await failureOf(failing.begun.launch(failing.request))).toMatchObject({ errno: 2 });
    // Who is told may take everything away.
    expect(joined).toBe(true);
    await goneOf(failing.shim);
  });

  test("and whose shim is killed before or after it has the plan", async () => {
    const before = await begunWithNetwork({ plan: fixture.plan(["true"]) });
    process.kill(before.shim, 9);
    await goneOf(before.shim);
    // Of which one depends on how far the launch, and the kernel with the killed one, was.
    const lost = /^(the process's monitor is gone and left no status|the shim ended without a word)$/;
    expect(await reasonOf(before.begun.launch(before.request))).toMatch(lost);

    const plan = fixture.plan(["true"], { extra: [endless] });
    const after = await begunWithNetwork({
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
    await killedWith("begun.makeNetwork();", (pid) => networkOf(pid) !== host);
  });
});

describe("control groups that are made while the shim prepares", () => {
  /** The plan waits for them right behind its root. */
  const awaiting = (argv: readonly string[], root?: Step): Plan => {
    const { steps, ...plan } = fixture.plan(argv, root === undefined ? {} : { root });
    return { ...plan, steps: steps.toSpliced(2, 0, { op: "await_cgroups" }) };
  };

  test("are there before the process is", async () => {
    const folder = fixture.directory("group");
    const plan = awaiting(["sh", "-c", "exit 5"]);
    const makeCgroups = async (announcement: Announcement): Promise<void> => {
      await Bun.sleep(5);
      writeFileSync(`${folder}/tasks`, "");
      announce(announcement);
    };
    // A file in place of a v1 hierarchy's: it is opened before there is a process, and init writes itself in.
    const request = fixture.request({ ...plan, cgroup: { procs: [`${folder}/tasks`] } }, { makeCgroups });
    const launched = await fixture.launch(request);
    await launched.go();
    expect((await launched.exited()).exitCode).toBe(5);
    expect(readFileSync(`${folder}/tasks`, "utf8")).toBe("0");
  });

  test("keep nobody from joining networks, and the launch from being done", async () => {
    const joined = Promise.withResolvers<undefined>();
    let isDone = false;
    const { request, begun } = await begunWithNetwork({
      plan: awaiting(["true"]),
      goesAhead: true,
      onNetwork: async () => joined.resolve(undefined),
      makeCgroups: async (announcement) => {
        await joined.promise;
        announce(announcement);
        await Bun.sleep(20);
        isDone = true;
      },
    });
    const launching = begun.launch(request);
    begun.abandon();
    const launched = fixture.keep(await launching);
    expect(isDone).toBe(true);
    await launched.go();
    expect((await launched.exited()).exitCode).toBe(0);
  });

  test.each([
    ["at once", async () => undefined],
    ["while networks are joined", () => Bun.sleep(10)],
  ])("and cannot be: nothing is launched, in the words of who makes them %s", async (_when, before) => {
    const known = descendants(process.pid);
    const order: string[] = [];
    const { request, begun, shim } = await begunWithNetwork({
      plan: awaiting(["true"]),
      goesAhead: true,
      onNetwork: async () => {
        await Bun.sleep(30);
        order.push("joined");
        throw new Error("no address");
      },
      onMonitor: async () => void order.push("attached"),
      makeCgroups: async () => {
        await before();
        throw new Error("cannot set the memory limit");
      },
    });
    expect(await reasonOf(begun.launch(request))).toBe("cannot set the memory limit");
    // Who is told may take everything away.
    expect(order).toEqual(["joined"]);
    expect(existsSync(`/proc/${shim}/exe`)).toBe(false);
    expect(descendants(process.pid).filter((pid) => !known.includes(pid))).toEqual([]);
    expect(await fixture.launcher.recover(request.dir)).toEqual({ state: "lost" });
  });

  test("for a shim that failed before: that is told, once they are made, unless they cannot be", async () => {
    let isMade = false;
    const makeCgroups = async (announcement: Announcement): Promise<void> => {
      await Bun.sleep(20);
      isMade = true;
      announce(announcement);
    };
    const request = fixture.request(awaiting(["true"], missingRoot), { makeCgroups });
    expect(await failureOf(fixture.launch(request))).toMatchObject({ step: 1, errno: 2 });
    expect(isMade).toBe(true);

    const refuse = async (): Promise<never> => {
      await Bun.sleep(20);
      throw new Error("cannot set the memory limit");
    };
    const refused = fixture.request(awaiting(["true"], missingRoot), { makeCgroups: refuse });
    expect(await reasonOf(fixture.launch(refused))).toBe("cannot set the memory limit");
  });

  test("for a shim that is killed meanwhile", async () => {
    const { request, begun, shim } = await begunWithNetwork({
      plan: awaiting(["true"]),
      makeCgroups: async (announcement) => {
        process.kill(shim, 9);
        await goneOf(shim);
        announce(announcement);
      },
    });
    expect(await reasonOf(begun.launch(request))).toMatch(
      /^(the process's monitor is gone and left no status|the shim ended without a word)$/,
    );
  });

  test.each([
    ["this thread", "Bun.sleepSync(1_000_000);"],
    // Nobody ever reads from the FIFO: the thread beside waits in open(2).
    ["the one beside", 'await runBeside([{ kind: "write", path: dir + "/endless", value: "x" }], announcement);'],
  ])("by somebody who is killed meanwhile, in %s: the shim ends", async (_where, work) => {
    const launch = `
      const makeCgroups = async (announcement) => {
        await Bun.spawn(["mkfifo", dir + "/endless"]).exited;
        writeFileSync(dir + "/making", "");
        ${work}
      };
      const steps = [{ op: "await_cgroups" }, { op: "wait", point: 0 }];
      const exec = { argv: ["true"], env: [] };
      const plan = { create: [], join: [], uidMap: "", gidMap: "", cgroup: { procs: [] }, steps, exec };
      await begun.launch({ id, dir, plan, makeCgroups, stdin: "closed", terminal: false });
    `;
    await killedWith(launch, (_pid, dir) => existsSync(`${dir}/making`));
  });
});
