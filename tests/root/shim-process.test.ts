/** A shim and who speaks to it: what it tells of failures, the streams and terminals it carries, and how it outlives them. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from "node:fs";

import { descendants } from "#host/processes/descendants.ts";
import { PR_SET_CHILD_SUBREAPER } from "#host/kernel/linux.ts";
import { prctl } from "#host/kernel/syscalls.ts";
import { NativeShimLauncher } from "#runtime/shim/launcher.ts";
import { ShimProcess } from "#runtime/shim/process.ts";
import {
  bind,
  collect,
  fixtureForEach,
  mount,
  openDescriptors,
  type ShimFixture,
  shimPath,
  unframe,
  failureOf,
} from "./shim-fixture.ts";

let fixture: ShimFixture;
fixtureForEach((made) => (fixture = made));

describe("a shim that was begun", () => {
  test("and abandoned ends and leaves no status", async () => {
    const { id, dir } = fixture.request(fixture.plan(["true"]));
    const before = shims();
    const begun = fixture.launcher.begin({ id, dir });
    const [pid] = [...shims()].filter((one) => !before.has(one));
    await begun.abandon();
    while (existsSync(`/proc/${pid}/exe`)) await Bun.sleep(1);
    expect(await fixture.launcher.recover(dir)).toEqual({ state: "lost" });
  });
});

function shims(): ReadonlySet<string> {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, "utf8");
  return new Set(children.trim().split(" "));
}

describe("failures are told", () => {
  test("of a step, with its number", async () => {
    const plan = fixture.plan(["true"], { extra: [bind("/not/on/this/host", "/data")] });
    const request = fixture.request(plan);
    const step = plan.steps.findIndex(({ op }) => op === "bind");
    expect(await failureOf(fixture.launch(request))).toEqual({ step, errno: 2, what: "open /not/on/this/host" });
    expect(await fixture.launcher.recover(request.dir)).toMatchObject({ state: "failed", failure: { step } });
  });

  test("of an unknown filesystem", async () => {
    const plan = fixture.plan(["true"], { extra: [mount("no-such-fs", "/data", [], 0)] });
    expect(await failureOf(fixture.launch(fixture.request(plan)))).toMatchObject({
      errno: 19,
      what: "fsopen no-such-fs",
    });
  });

  test.each([
    [["not-there"], 2, "lookup not-there"],
    [["/not/there"], 2, "execve /not/there"],
    [["/etc/plain"], 13, "execve /etc/plain"],
    [["plain"], 2, "lookup plain"],
    [["/etc"], 21, "execve /etc"],
    [["/etc/garbage"], 8, "execve /etc/garbage"],
    [[""], 2, "lookup"],
  ])("of execve %p", async (argv, errno, what) => {
    writeFileSync(`${fixture.layer}/etc/plain`, "text");
    writeFileSync(`${fixture.layer}/bin/plain`, "text");
    writeFileSync(`${fixture.layer}/etc/garbage`, "\0\0\0\0", { mode: 0o755 });
    const plan = fixture.plan(argv);
    const launched = await fixture.launch(fixture.request(plan));
    const failure = await failureOf(launched.go());
    expect(failure).toMatchObject({ step: plan.steps.length, errno });
    expect(failure.what.trim()).toBe(what);
  });

  test("before the first step, and no process is left to whoever inherits it", async () => {
    const before = descendants(process.pid);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    try {
      const plan = fixture.plan(["true"], { extra: [{ op: "rlimit", resource: 7, soft: 2n, hard: 1n }] });
      expect(await failureOf(fixture.launch(fixture.request(plan)))).toMatchObject({ errno: 22, what: "rlimit" });
      // Nothing but the monitor itself would ever reap it here: without that the test times out.
      while (descendants(process.pid).some((pid) => !before.includes(pid))) await Bun.sleep(5);
    } finally {
      prctl(PR_SET_CHILD_SUBREAPER, 0);
    }
  });

  test("of a shim that runs from a file which somebody could write", async () => {
    const file = `${fixture.directory("shim")}/berth-shim`;
    copyFileSync(shimPath, file);
    chmodSync(file, 0o755);
    const launcher = new NativeShimLauncher({ shimPath: () => file });
    const launching = launcher.launch(fixture.request(fixture.plan(["true"])));
    expect(await failureOf(launching)).toMatchObject({ what: "protect shim", errno: 1 });
  });

  test("of a launch message that is none", async () => {
    const request = fixture.request(fixture.plan(["true"]));
    const broken = {
      ...request,
      plan: {
        ...request.plan,
        join: Array.from({ length: 40 }, () => ({ by: "path", kind: "uts", path: "/proc/self/ns/uts" }) as const),
      },
    };
    expect(await failureOf(fixture.launch(broken))).toMatchObject({ errno: 22, what: "namespace" });
  });
});

describe("standard streams", () => {
  test("what is attached is taken when all of it is read, or given up", async () => {
    const launched = await fixture.launch(fixture.request(fixture.plan(["seq", "1000"])));
    expect(launched.outputTaken()).toBeUndefined();
    const streams = { stdin: false, stdout: true, stderr: true };
    const [read, left, late] = [
      await launched.attach(streams),
      await launched.attach(streams),
      await launched.attach({ ...streams, lingerMs: 20 }),
    ];
    const order: string[] = [];
    const taken = launched.outputTaken()?.then(() => order.push("taken"));
    await launched.go();
    const reading = collect(read.readable).then((bytes) => order.push(unframe(bytes).stdout.slice(-5)));
    await reading;
    expect(order).toEqual(["1000\n"]);
    left.close();
    late.close();
    expect(launched.outputTaken()).not.toBeUndefined();
    await taken;
    expect(order).toEqual(["1000\n", "taken"]);
    expect(launched.outputTaken()).toBeUndefined();
    expect((await launched.exited()).exitCode).toBe(0);
  });

  test("attach is Docker's framed stream; half-close ends stdin", async () => {
    const request = fixture.request(fixture.plan(["sh", "-c", "cat; echo done >&2"]), { stdin: "once" });
    const launched = await fixture.launch(request);
    const stream = await launched.attach({ stdin: true, stdout: true, stderr: true });
    await launched.go();
    await stream.write(Buffer.from("hello\n"));
    stream.endInput();
    expect(unframe(await collect(stream.readable))).toEqual({ stdout: "hello\n", stderr: "done\n" });
    expect((await launched.exited()).exitCode).toBe(0);
  });

  test("carry 20 MB both ways", async () => {
    const launched = await fixture.launch(fixture.request(fixture.plan(["cat"]), { stdin: "once", log: undefined }));
    const stream = await launched.attach({ stdin: true, stdout: true, stderr: false });
    await launched.go();
    const chunk = Buffer.alloc(1 << 20, "0123456789abcdef");
    const write = (async () => {
      for (let i = 0; i < 20; i++) await stream.write(chunk);
      stream.endInput();
    })();
    const { stdout } = unframe(await collect(stream.readable));
    await write;
    expect(stdout.length).toBe(20 << 20);
    expect(stdout.slice(-16)).toBe("0123456789abcdef");
  });

  test("open stdin stays open when a client leaves", async () => {
    const launched = await fixture.start(fixture.plan(["cat"]), { stdin: "open" });
    const first = await launched.attach({ stdin: true, stdout: true, stderr: false });
    await first.write(Buffer.from("one\n"));
    const reader = first.readable[Symbol.asyncIterator]();
    expect(unframe(Buffer.from((await reader.next()).value as Uint8Array)).stdout).toBe("one\n");
    first.close();
    const second = await launched.attach({ stdin: true, stdout: true, stderr: false });
    await second.write(Buffer.from("two\n"));
    second.endInput();
    expect(unframe(await collect(second.readable)).stdout).toBe("two\n");
    expect((await launched.exited()).exitCode).toBe(0);
  });

  test("a slow client gets everything, and a client that dies harms nobody", async () => {
    const launched = await fixture.launch(fixture.request(fixture.plan(["seq", "1", "300000"])));
    const slow = await launched.attach({ stdin: false, stdout: true, stderr: true });
    const dead = await launched.attach({ stdin: false, stdout: true, stderr: true });
    await launched.go();
    dead.close();
    const { stdout } = unframe(await collect(slow.readable));
    expect(stdout.endsWith("\n300000\n")).toBe(true);
    expect(stdout.split("\n").length).toBe(300001);
  });

  test("a client that never reads does not hide the exit", async () => {
    const launched = await fixture.launch(fixture.request(fixture.plan(["yes"])));
    const stuck = await launched.attach({ stdin: false, stdout: true, stderr: true });
    await launched.go();
    await launched.signal(9);
    expect((await launched.exited()).exitCode).toBe(137);
    stuck.close();
  });
});

describe("control clients", () => {
  test("that come in the place of one that left are not taken for it", async () => {
    const shared = fixture.directory("shared");
    const script = "until test -e /shared/go; do sleep 0.01; done; echo out; touch /shared/written; sleep 100";
    const request = fixture.request(fixture.plan(["sh", "-c", script], { extra: [bind(shared, "/shared")] }));
    const launched = await fixture.launch(request);
    const leaving = await launched.attach({ stdin: false, stdout: true, stderr: true });
    await launched.go();
    // While the monitor stands still: output, a client, and the end of another, which it then hears of in this order.
    process.kill(launched.monitorPid, "SIGSTOP");
    while (!/^State:\tT/m.test(readFileSync(`/proc/${launched.monitorPid}/status`, "utf8"))) await Bun.sleep(1);
    writeFileSync(`${shared}/go`, "");
    while (!existsSync(`${shared}/written`)) await Bun.sleep(1);
    const coming = await ShimProcess.connect(request.dir);
    const open = openDescriptors();
    leaving.close();
    while (openDescriptors() >= open) await Bun.sleep(1);
    process.kill(launched.monitorPid, "SIGCONT");
    expect(await coming?.until(({ phase }) => phase === "running")).toMatchObject({ pid: launched.pid });
    await coming?.signal(9);
    expect((await coming?.exited())?.signal).toBe(9);
  });
});

describe("a terminal", () => {
  test("is the controlling terminal, has a size, is /dev/console and can be resized", async () => {
    const plan = fixture.plan(
      ["sh", "-c", "tty; stty size; test -c /dev/console && echo console; read line; stty size"],
      { terminal: true },
    );
    const launched = await fixture.launch(
      fixture.request(plan, { terminal: true, stdin: "open", consoleSize: { rows: 33, columns: 99 } }),
    );
    const stream = await launched.attach({ stdin: true, stdout: true, stderr: true });
    await launched.go();
    await launched.resize(44, 120);
    await stream.write(Buffer.from("go\n"));
    const text = (await collect(stream.readable)).toString().replaceAll("\r\n", "\n");
    expect(text).toContain("/dev/pts/0\n");
    expect(text).toContain("console\n");
    expect(text.endsWith("44 120\n")).toBe(true);
  });

  test("sends ^C to the foreground process", async () => {
    const plan = fixture.plan(["sh", "-c", "trap 'echo got; exit 4' INT; echo ready; while :; do sleep 0.05; done"], {
      terminal: true,
    });
    const launched = await fixture.launch(fixture.request(plan, { terminal: true, stdin: "open" }));
    const stream = await launched.attach({ stdin: true, stdout: true, stderr: true });
    await launched.go();
    const reader = stream.readable[Symbol.asyncIterator]();
    for (let text = ""; !text.includes("ready");)
      text += Buffer.from((await reader.next()).value as Uint8Array).toString();
    await stream.write(Buffer.from("\x03"));
    expect((await launched.exited()).exitCode).toBe(4);
  });
});

describe("the monitor", () => {
  test("outlives its launcher; another finds the process, its output and its exit", async () => {
    const request = fixture.request(fixture.plan(["sh", "-c", "while read line; do echo got $line; done; exit 6"]), {
      stdin: "open",
    });
    const first = await fixture.launch(request);
    first.detach();
    const ready = await fixture.launcher.recover(request.dir);
    if (ready.state !== "ready") throw new Error(ready.state);
    await ready.process.go();
    ready.process.detach();
    const running = await fixture.launcher.recover(request.dir);
    if (running.state !== "running") throw new Error(running.state);
    const stream = await running.process.attach({ stdin: true, stdout: true, stderr: true });
    await stream.write(Buffer.from("it\n"));
    stream.endInput();
    expect(unframe(await collect(stream.readable)).stdout).toBe("got it\n");
    expect((await running.process.exited()).exitCode).toBe(6);
    expect(await fixture.launcher.recover(request.dir)).toMatchObject({ state: "exited", status: { exitCode: 6 } });
  });

  test("is found lost after kill -9", async () => {
    const request = fixture.request(fixture.plan(["sleep", "100"]));
    const launched = await fixture.launch(request);
    await launched.go();
    process.kill(launched.monitorPid, 9);
    expect(launched.exited()).rejects.toThrow("left no status");
    await launched.exited().catch(() => undefined);
    expect(await fixture.launcher.recover(request.dir)).toEqual({ state: "lost" });
    process.kill(launched.pid, 9);
  });

  test("takes a process that only waits with it", async () => {
    const launched = await fixture.launch(fixture.request(fixture.plan(["sleep", "100"])));
    process.kill(launched.monitorPid, 9);
    await launched.exited().catch(() => undefined);
    while (existsSync(`/proc/${launched.pid}/exe`)) await Bun.sleep(1);
  });

  test("is small, named after the container, and runs from a file nobody can write", async () => {
    const request = fixture.request(fixture.plan(["sh", "-c", "seq 1 100000; sleep 100"]));
    const launched = await fixture.launch(request);
    await launched.go();
    const rollup = readFileSync(`/proc/${launched.monitorPid}/smaps_rollup`, "utf8");
    expect(Number(/^Pss: +(\d+)/m.exec(rollup)?.[1])).toBeLessThan(1024);
    expect(readFileSync(`/proc/${launched.monitorPid}/cmdline`, "utf8")).toBe("berth-shim\x000123456789ab\0");
    expect(readFileSync(`/proc/${launched.monitorPid}/comm`, "utf8")).toBe("berth-shim\n");
    expect(() => writeFileSync(`/proc/${launched.monitorPid}/exe`, "x")).toThrow(/EROFS|ETXTBSY|EPERM/);
    const own = `/proc/${launched.monitorPid}/fd`;
    const root = statSync(`/proc/${launched.pid}/root`);
    expect(
      // Its log, the directory whose lock it takes to rotate, the root that ends after the process, and nothing else.
      readdirSync(own).filter((fd) => {
        const target = readlinkSync(`${own}/${fd}`);
        const isRoot = target === "/" && statSync(`${own}/${fd}`).dev === root.dev;
        return target.startsWith("/") && !isRoot && !["/dev/null", `${request.dir}/log`, request.dir].includes(target);
      }),
    ).toEqual([]);
  });

  test("stops at waits for hooks", async () => {
    const seen: string[] = [];
    const plan = fixture.plan(["true"], { extra: [{ op: "wait", point: 3 }] });
    const request = fixture.request(plan, {
      onWait: async (point, pid) => {
        seen.push(`${point} ${readlinkSync(`/proc/${pid}/root`) === "/"}`);
      },
    });
    const launched = await fixture.launch(request);
    expect(seen).toEqual(["3 true"]);
    await launched.go();
    expect((await launched.exited()).exitCode).toBe(0);
  });

  test("a hook that fails ends the launch", async () => {
    const plan = fixture.plan(["true"], { extra: [{ op: "wait", point: 1 }] });
    const request = fixture.request(plan, { onWait: () => Promise.reject(new Error("hook failed")) });
    expect(fixture.launch(request)).rejects.toThrow("hook failed");
  });
});

describe("an OCI runtime's launch", () => {
  test("hands the process over at ready; another go() starts it, in its caller's stdio", async () => {
    const out = fixture.directory("out");
    const plan = fixture.plan(["sh", "-c", "echo started > /out/file; sleep 100"]);
    const steps = [...plan.steps.slice(0, -1), bind(out, "/out"), ...plan.steps.slice(-1)];
    const request = fixture.request({ ...plan, steps }, { mode: "handover", log: undefined });
    const created = await fixture.launcher.launch(request);
    try {
      expect(created.monitorPid).toBe(0);
      const found = await fixture.launcher.recover(request.dir);
      if (found.state !== "ready") throw new Error(found.state);
      expect(found.process.pid).toBe(created.pid);
      await found.process.go();
      while (!existsSync(`${out}/file`)) await Bun.sleep(1);
      expect(created.signal(9)).rejects.toThrow("handed over");
    } finally {
      process.kill(created.pid, 9);
    }
  });

  test("tells the one who starts it that execve failed", async () => {
    const created = await fixture.launcher.launch(
      fixture.request(fixture.plan(["/not/there"]), { mode: "handover", log: undefined }),
    );
    expect(await failureOf(created.go())).toMatchObject({ errno: 2, what: "execve /not/there" });
  });

  test("inherits descriptors it was told to keep", async () => {
    const file = `${fixture.directory("keep")}/file`;
    writeFileSync(file, "kept\n");
    const script = `
      import { NativeShimLauncher } from "#runtime/shim/launcher.ts";
      const plan = JSON.parse(process.argv[1]);
      const launcher = new NativeShimLauncher({ shimPath: () => process.argv[3] });
      const launched = await launcher.launch({ id: "x", dir: process.argv[2], plan, terminal: false, stdin: "closed", log: undefined, oomEventsPath: undefined, mode: "inherit", preserveFds: 1 });
      await launched.go();
      process.exit((await launched.exited()).exitCode);
    `;
    const plan = fixture.plan(["sh", "-c", "cat <&3; ls /proc/self/fd; exit 3"]);
    const keptFd = openSync(file, "r");
    try {
      const child = Bun.spawn(
        [process.execPath, "-e", script, JSON.stringify(plan), fixture.directory("launch"), shimPath],
        {
          cwd: `${import.meta.dir}/../..`,
          stdio: ["ignore", "pipe", "inherit", keptFd],
        },
      );
      expect(await new Response(child.stdout).text()).toBe("kept\n0\n1\n2\n3\n4\n");
      expect(await child.exited).toBe(3);
    } finally {
      closeSync(keptFd);
    }
  });
});
