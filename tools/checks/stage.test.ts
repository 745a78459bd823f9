import { expect, test } from "bun:test";
import { countedAtEnd, countsOf, runStages } from "./stage.ts";

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

test("a program that was killed, or did not end with its sum, has passed nothing", () => {
  expect(countedAtEnd("(pass) a\n3 passed, 0 failed\n", "0")).toEqual({ passed: 3, failed: 0 });
  expect(countedAtEnd("3 passed, 2 failed\n", "1")).toEqual({ passed: 3, failed: 2 });
  // It says that all is well, and its exit code does not.
  expect(countedAtEnd("3 passed, 0 failed\n", "7")).toEqual({ passed: 3, failed: 1 });
  const broken = { passed: 0, failed: 1 };
  expect(countedAtEnd("3 passed, 0 failed\n", "SIGKILL")).toEqual(broken);
  expect(countedAtEnd("3 passed, 0 failed\n(pass) the test after that of somebody's sum\n", "0")).toEqual(broken);
  expect(countedAtEnd("", "0")).toEqual(broken);
});
