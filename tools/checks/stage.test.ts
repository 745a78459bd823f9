import { expect, test } from "bun:test";
import { countsOf, runStages } from "./stage.ts";

test("counts come from bun's own summary, the last one printed", () => {
  expect(countsOf("x\n 3 pass\n 1 fail\n\n 104 pass\n 38 fail\n 400 expect() calls\n")).toEqual({
    passed: 104,
    failed: 38,
  });
  expect(countsOf("crashed before the summary")).toBeUndefined();
});

test("a stage that throws is one failure, and an essential one ends the run", async () => {
  const ran: string[] = [];
  const stage = (name: string, fails: boolean): Parameters<typeof runStages>[0][number] => ({
    name,
    what: "for this test",
    run: async () => {
      ran.push(name);
      if (fails) throw new Error("expected in this test");
      return { passed: 2, failed: 0 };
    },
  });
  const lines = await runStages(
    [stage("a", true), stage("b", false), stage("c", true), stage("d", false)],
    new Set(["c"]),
  );
  expect(ran).toEqual(["a", "b", "c"]);
  expect(lines.map(({ passed, failed }) => [passed, failed])).toEqual([
    [0, 1],
    [2, 0],
    [0, 1],
  ]);
});
