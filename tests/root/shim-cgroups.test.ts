/** Control groups of a process that somebody else makes while its shim is at work, and how it ends when one of them does not get through. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import type { Plan, Step } from "#runtime/plan/ops.ts";
import { announce, type Announcement } from "#host/kernel/operations-beside.ts";
import { descendants } from "#host/processes/descendants.ts";
import { begunWithNetwork, goneOf, killedWith, missingRoot, reasonOf } from "./shim-begun.ts";
import { failureOf, fixtureForEach, type ShimFixture } from "./shim-fixture.ts";

setDefaultTimeout(180_000);

let fixture: ShimFixture;
fixtureForEach((made) => (fixture = made));

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
    const { request, begun } = await begunWithNetwork(fixture, {
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
    await begun.abandon();
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
    const { request, begun, shim } = await begunWithNetwork(fixture, {
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
    const { request, begun, shim } = await begunWithNetwork(fixture, {
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
    await killedWith(fixture, launch, (_pid, dir) => existsSync(`${dir}/making`));
  });

  test("asked for before there is a plan are the ones that it waits for", async () => {
    const { request, begun } = await begunWithNetwork(fixture, {
      plan: awaiting(["sh", "-c", "exit 7"]),
      makeCgroups: () => Promise.reject(new Error("made twice")),
    });
    const announced = Promise.withResolvers<undefined>();
    begun.makeCgroups(async (announcement) => {
      announce(announcement);
      announced.resolve(undefined);
    });
    begun.makeCgroups(() => Promise.reject(new Error("made again")));
    await announced.promise;
    const launched = fixture.keep(await begun.launch(request));
    await launched.go();
    expect((await launched.exited()).exitCode).toBe(7);
  });

  test("asked for before there is a plan, and refused: who launches is told, or nobody when nobody does", async () => {
    const refuse = (): Promise<never> => Promise.reject(new Error("cannot set the memory limit"));
    const told = await begunWithNetwork(fixture, { plan: awaiting(["true"]) });
    told.begun.makeCgroups(refuse);
    await Bun.sleep(0);
    expect(await reasonOf(told.begun.launch(told.request))).toBe("cannot set the memory limit");
    expect(existsSync(`/proc/${told.shim}/exe`)).toBe(false);

    const untold = await begunWithNetwork(fixture, { plan: awaiting(["true"]) });
    untold.begun.makeCgroups(refuse);
    await untold.begun.abandon();
    await goneOf(untold.shim);
  });

  test("are made when one that gets no plan is given up, and the pipe is not another's by then", async () => {
    const { begun, shim } = await begunWithNetwork(fixture, { plan: awaiting(["true"]) });
    let pipe = "";
    let isMade = false;
    begun.makeCgroups(async (announcement) => {
      const descriptor = `/proc/self/fd/${announcement.fd}`;
      pipe = readlinkSync(descriptor);
      await Bun.sleep(20);
      expect(readlinkSync(descriptor)).toBe(pipe);
      announce(announcement);
      isMade = true;
    });
    await begun.abandon();
    expect([isMade, pipe.startsWith("pipe:")]).toEqual([true, true]);
    await goneOf(shim);
  });
});
