import { expect, test } from "bun:test";
import { judge } from "./tap.ts";

const run = (stdout: string, code = 0, stderr = "") => judge({ code, stdout, stderr });

test("counts points, and takes the details of a failed one along", () => {
  const text =
    "TAP version 13\nok 1 - a\nnot ok 2 - b\n  ---\n  error: broken\n  reference: x\n  ...\nok 3 # SKIP c\n1..3\n";
  expect(run(text)).toMatchObject({ verdict: "fail", ok: 1, skipped: 1, failures: ["b (error: broken)"] });
});

test("a test that was left out is no success", () => {
  expect(run("1..1\nok 1 - # SKIP needs AppArmor\n")).toMatchObject({ verdict: "skip", skipped: 1 });
});

test("an exit code is a failure, and so are details without a point", () => {
  expect(run("ok 1 - a\n", 1, "one\ntwo").failures).toEqual(["ended with 1: one | two"]);
  expect(run("TAP version 13\n  ---\n  {\n  error: order\n  }\n  ...\n1..0\n").failures).toEqual(["(error: order)"]);
  expect(run("TAP version 13\n1..0\n").verdict).toBe("pass");
});
