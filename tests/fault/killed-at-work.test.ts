/**
 * The engine is killed at random moments while clients work it: afterwards every container is in a true state, what a
 * client was told holds, restart policies go on, and neither output nor an exit code is lost.
 *
 * KILLED_KILLS and KILLED_OPERATIONS choose how often and among how many requests, FAULT_SEED at which moments.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { eventually, mustRun } from "../../tools/lab/command.ts";
import { startDebianRegistry, type RunningRegistry } from "../../tools/lab/debian-registry.ts";
import { berthCommand, cliEnvironment, startBerth, type RunningEngine } from "../../tools/lab/engines.ts";
import { leftovers, readMachineState, type MachineState } from "../../tools/lab/leak-check.ts";
import { pushImage } from "../../tools/lab/registry-push.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { busyboxImage } from "../../tools/lab/test-images.ts";
import { chosen } from "./chance.ts";

setDefaultTimeout(1_800_000);

const kills = Number(process.env["KILLED_KILLS"] ?? 20);
const operations = Number(process.env["KILLED_OPERATIONS"] ?? 200);
const settings = { bridge: "bkill0", bip: "172.31.244.1/24" };

let dir = "";
let registry: RunningRegistry | undefined;
let engine: RunningEngine;
let idle: MachineState = new Set();
/** Resolves when an engine answers (again). */
let up: Promise<unknown> = Promise.resolve();

const ok = (...args: string[]): Promise<string> =>
  mustRun([...berthCommand(), ...args], { env: cliEnvironment(engine.host) });

beforeAll(async () => {
  dir = makeScratch("killed");
  registry = await startDebianRegistry({ dir });
  await pushImage(registry.address, "busybox", "latest", await busyboxImage());
  engine = await startBerth({ dir, ...settings });
  await ok("pull", "-q", `${registry.address}/busybox`);
  await ok("tag", `${registry.address}/busybox`, "busybox");
  await ok("run", "--rm", "busybox", "true");
  idle = await readMachineState(dir);
});

afterAll(async () => {
  await engine?.stop();
  await registry?.stop();
  removeScratch(dir);
});

/** Each run prints `begin`, then 1, 2, 3 and so on, and `end` when it ends by itself. */
const counting = (body: string): readonly string[] => ["sh", "-c", `echo begin; i=0; ${body}`];
const count = "i=$((i+1)); echo $i";
const kinds = {
  finite: { Cmd: counting(`while [ $i -lt 30 ]; do ${count}; sleep 0.03; done; echo end; exit 7`) },
  // By its first line the trap is set: a signal before it would find the default, which pid 1 ignores.
  stopped: {
    Cmd: ["sh", "-c", `trap 'echo end; exit 5' TERM; echo begin; i=0; while :; do ${count}; sleep 0.03; done`],
    StopTimeout: 120,
  },
  restarting: {
    Cmd: counting(`while [ $i -lt 10 ]; do ${count}; sleep 0.03; done; echo end; exit 1`),
    HostConfig: { RestartPolicy: { Name: "always" } },
  },
  removed: { Cmd: counting(`while [ $i -lt 5 ]; do ${count}; done; echo end`), HostConfig: { AutoRemove: true } },
} as const;
type Kind = keyof typeof kinds;

interface Made {
  readonly name: string;
  readonly kind: Kind;
  /** What the engine confirmed last. */
  told: "nothing" | "created" | "started" | "stopped" | "gone";
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A request; undefined when the engine was killed under it, so that nobody knows whether it was carried out. */
async function ask(method: string, path: string, body?: unknown): Promise<Answer | undefined> {
  await up;
  try {
    const response = await fetch(`http://engine/v1.41${path}`, {
      unix: engine.socket,
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    return { status: response.status, text: await response.text() };
  } catch {
    return undefined;
  }
}

/** Ask until it is known: an answer that was cut off is asked for again. */
async function insist(method: string, path: string, body?: unknown): Promise<Answer> {
  for (;;) {
    const answer = await ask(method, path, body);
    if (answer !== undefined) return answer;
    await Bun.sleep(50);
  }
}

interface Inspect {
  readonly RestartCount: number;
  readonly State: {
    readonly Status: string;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly Running: boolean;
  };
}

const inspect = async (name: string): Promise<Inspect> =>
  JSON.parse((await insist("GET", `/containers/${name}/json`)).text) as Inspect;

test(`${operations} operations while the engine is killed ${kills} times`, async () => {
  const made: Made[] = [];
  const problems: string[] = [];
  const progress = { done: 0 };

  const act = async (
    item: Made,
    told: Made["told"],
    allowed: readonly number[],
    method: string,
    path: string,
    body?: unknown,
  ) => {
    progress.done++;
    const answer = await insist(method, path, body);
    if (!allowed.includes(answer.status))
      problems.push(`${method} ${path} of ${item.kind}: ${answer.status} ${answer.text}`);
    item.told = told;
  };
  const client = async (number: number): Promise<void> => {
    for (let turn = 0; progress.done < operations; turn++) {
      const kind = (Object.keys(kinds) as Kind[])[(turn + number) % 4] ?? "finite";
      const item: Made = { name: `k${number}-${turn}`, kind, told: "nothing" };
      made.push(item);
      const at = `/containers/${item.name}`;
      // A repeated request meets what the one that was cut off had done already.
      await act(item, "created", [201, 409], "POST", `/containers/create?name=${item.name}`, {
        Image: "busybox",
        ...kinds[kind],
      });
      await act(item, "started", kind === "removed" ? [204, 304, 404] : [204, 304], "POST", `${at}/start`);
      if (kind === "stopped") {
        await eventually(`${item.name} is at work`, async () =>
          (await insist("GET", `${at}/logs?stdout=1`)).text.includes("begin") ? true : undefined,
        );
        await Bun.sleep(chosen(`${item.name} works`, 100));
        await act(item, "stopped", [204, 304], "POST", `${at}/stop`);
      }
      if (kind === "finite" && turn % 2 === 0) {
        await act(item, "started", [200], "POST", `${at}/wait`);
        await act(item, "gone", [204, 404], "DELETE", at);
      }
    }
  };
  const killer = async (): Promise<void> => {
    for (let turn = 1; turn <= kills; turn++) {
      // A share of the operations lies between two kills, and a moment that chance makes.
      const share = (turn * operations) / (kills + 1);
      await eventually("enough operations", () => (progress.done >= share ? true : undefined));
      await Bun.sleep(chosen(`kill ${turn}`, 200));
      await engine.daemon.kill();
      await Bun.sleep(chosen(`away ${turn}`, 300));
      up = startBerth({ dir, ...settings }).then((next) => (engine = next));
      await up;
    }
  };
  await Promise.all([killer(), ...Array.from({ length: 6 }, (_, number) => client(number))]);
  expect(problems).toEqual([]);
  await up;

  for (const item of made) await expectTrue(item);
  await expectPolicyGoesOn(made);

  const ids = (await ok("ps", "-aq")).split("\n").filter((id) => id !== "");
  await ok("rm", "-f", ...ids);
  const left = async (): Promise<string[]> =>
    leftovers(idle, await readMachineState(dir)).filter((line) => !/^process .* daemon /.test(line));
  await eventually("nothing left behind", async () => ((await left()).length === 0 ? true : undefined)).catch(
    async () => expect(await left()).toEqual([]),
  );
});

async function expectTrue(item: Made): Promise<void> {
  const at = `/containers/${item.name}`;
  if (item.kind === "removed") {
    await eventually(`${item.name} removed`, async () =>
      (await ask("GET", `${at}/json`))?.status === 404 ? true : undefined,
    );
    return;
  }
  if (item.told === "gone") {
    expect((await insist("GET", `${at}/json`)).status).toBe(404);
    return;
  }
  if (item.kind !== "restarting" && item.told !== "created") {
    await eventually(`the end of ${item.name}`, async () =>
      (await inspect(item.name)).State.Running ? undefined : true,
    );
  }
  const { State } = await inspect(item.name);
  const wantedCode: Readonly<Record<string, number>> = { finite: 7, stopped: 5 };
  if (item.told !== "created" && item.kind !== "restarting") {
    expect({ ...item, status: State.Status, code: State.ExitCode }).toEqual({
      ...item,
      status: "exited",
      code: wantedCode[item.kind] ?? -1,
    });
  }
  // One that restarts may have gone on between the two looks.
  await eventually(`a true state of ${item.name}`, async () => {
    const { State: now } = await inspect(item.name);
    return (now.Pid > 0 && existsSync(`/proc/${now.Pid}`)) === (now.Status === "running") ? true : undefined;
  });
  await expectWholeOutput(item);
}

/** Every run from its first line to its last, without a gap; only a run that goes on may be without its end. */
async function expectWholeOutput(item: Made): Promise<void> {
  const bytes = new Uint8Array(
    await (
      await fetch(`http://engine/v1.41/containers/${item.name}/logs?stdout=1`, { unix: engine.socket })
    ).arrayBuffer(),
  );
  const lines = plainText(bytes).split("\n").slice(0, -1);
  const runs: string[][] = [];
  for (const line of lines) {
    if (line === "begin") runs.push([]);
    else runs.at(-1)?.push(line);
  }
  for (const [index, run] of runs.entries()) {
    const numbers = run.filter((line) => line !== "end").map(Number);
    expect({ ...item, numbers }).toEqual({ ...item, numbers: numbers.map((_, at) => at + 1) });
    const goesOn = item.kind === "restarting" && index === runs.length - 1;
    if (!goesOn) expect({ ...item, index, last: run.at(-1) }).toEqual({ ...item, index, last: "end" });
    if (item.kind === "finite") expect(numbers.length).toBe(30);
  }
  if (item.told !== "created") expect(runs.length).toBeGreaterThan(0);
}

/** The payload of framed output. */
function plainText(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer);
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const size = view.getUint32(at + 4);
    parts.push(Buffer.from(bytes.subarray(at + 8, at + 8 + size)));
    at += 8 + size;
  }
  return Buffer.concat(parts).toString();
}

/** Containers with a policy are started again by the engine that runs now. */
async function expectPolicyGoesOn(made: readonly Made[]): Promise<void> {
  for (const item of made.filter(({ kind, told }) => kind === "restarting" && told === "started")) {
    const before = await runsOf(item.name);
    // Docker's pause between two starts doubles up to a minute: a container that has it behind it is shown by its state.
    await eventually(`${item.name} goes on`, async () => {
      const { State } = await inspect(item.name);
      return State.Status === "restarting" || (await runsOf(item.name)) > before ? true : undefined;
    });
  }
}

async function runsOf(name: string): Promise<number> {
  return (await ok("logs", name)).split("\n").filter((line) => line === "begin").length;
}
