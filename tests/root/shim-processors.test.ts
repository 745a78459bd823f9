/** Processors: a shim leaves its launcher's to the launcher until the process is let go, and nobody is left with fewer. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Step } from "#runtime/plan/ops.ts";
import { schedGetaffinity, schedSetaffinity } from "#host/kernel/syscalls.ts";
import { begunWithNetwork, missingRoot } from "./shim-begun.ts";
import { failureOf, fixtureForEach, type ShimFixture } from "./shim-fixture.ts";

let fixture: ShimFixture;
fixtureForEach((made) => (fixture = made));

const all = schedGetaffinity();

/** Of a process's first thread. */
function processorsOf(pid: number): number[] {
  const list = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

const sleeping = (extra: readonly Step[] = []) => fixture.plan(["sleep", "1000"], { extra });

describe("a launcher's processor", () => {
  test("is kept from a begun shim, and given to its process and itself when that runs", async () => {
    const { request, begun, shim } = await begunWithNetwork(fixture, { plan: sleeping(), goesAhead: true });
    const left = processorsOf(shim);
    // On a machine that has one alone it is shared.
    expect(all.filter((cpu) => !left.includes(cpu))).toHaveLength(all.length > 1 ? 1 : 0);
    const launched = fixture.keep(await begun.launch(request));
    await launched.go();
    expect([processorsOf(launched.pid), processorsOf(shim)]).toEqual([all, all]);
  });

  test("is given to them when somebody has to be waited for", async () => {
    const seen: number[][] = [];
    const onWait = async (_point: number, pid: number): Promise<void> => void seen.push(processorsOf(pid));
    const plan = sleeping([{ op: "wait", point: 1 }]);
    const { request, begun, shim } = await begunWithNetwork(fixture, { plan, onWait });
    const launched = fixture.keep(await begun.launch(request));
    expect([...seen, processorsOf(launched.pid), processorsOf(shim)]).toEqual([all, all, all]);
  });

  test("is given to them when nobody says go for a while", async () => {
    const { request, begun, shim } = await begunWithNetwork(fixture, { plan: sleeping() });
    const launched = fixture.keep(await begun.launch(request));
    expect(processorsOf(shim)).toEqual(all);
    await launched.go();
    expect(processorsOf(launched.pid)).toEqual(all);
  });

  test("and a plan's own processors are the plan's", async () => {
    const [first = 0] = all;
    const mask = new Uint8Array(8);
    mask[first >> 3] = 1 << (first & 7);
    const plan = sleeping([{ op: "cpu_affinity", mask }]);
    const { request, begun, shim } = await begunWithNetwork(fixture, { plan, goesAhead: true });
    const launched = fixture.keep(await begun.launch(request));
    await launched.go();
    expect([processorsOf(launched.pid), processorsOf(shim)]).toEqual([[first], all]);
  });

  test("who was given fewer has no more afterwards", async () => {
    const [first = 0] = all;
    try {
      schedSetaffinity(0, [first]);
      const { request, begun, shim } = await begunWithNetwork(fixture, { plan: sleeping(), goesAhead: true });
      schedSetaffinity(shim, all);
      const launched = fixture.keep(await begun.launch(request));
      await launched.go();
      expect([processorsOf(launched.pid), processorsOf(shim)]).toEqual([[first], [first]]);
    } finally {
      schedSetaffinity(0, all);
    }
  });

  test("keeps no launch from failing", async () => {
    const plan = fixture.plan(["true"], { root: missingRoot });
    const { request, begun } = await begunWithNetwork(fixture, { plan });
    expect(await failureOf(begun.launch(request))).toMatchObject({ errno: 2 });
  });
});
