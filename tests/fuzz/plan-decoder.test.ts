import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";

import { encodeLaunch } from "#runtime/plan/encode.ts";
import { samplePlan, sampleSettings } from "#runtime/plan/testing/sample.ts";

const root = new URL("../..", import.meta.url).pathname;
const iterations = process.env["FUZZ_ITERATIONS"] ?? "300000";
const seed = process.env["FUZZ_SEED"] ?? "1";

test("the shim's plan decoder survives mutated launch messages", () => {
  const dir = mkdtempSync(`${tmpdir()}/berth-fuzz-`);
  try {
    const sample = samplePlan();
    const small = { ...sample, join: [], steps: sample.steps.slice(0, 2) };
    writeFileSync(`${dir}/full`, encodeLaunch(sampleSettings, sample));
    writeFileSync(`${dir}/small`, encodeLaunch(sampleSettings, small));
    const flags = [
      "-std=c11",
      "-D_GNU_SOURCE",
      "-O1",
      "-g",
      "-Wall",
      "-Wextra",
      "-Werror",
      "-fsanitize=address,undefined",
      "-fno-sanitize-recover=all",
    ];
    const build = Bun.spawnSync([
      "cc",
      ...flags,
      "-o",
      `${dir}/fuzz`,
      `${root}tests/fuzz/plan-decoder.c`,
      `${root}native/shim/plan.c`,
    ]);
    expect(build.stderr.toString()).toBe("");
    const run = Bun.spawnSync([`${dir}/fuzz`, iterations, seed, `${dir}/full`, `${dir}/small`]);
    expect(run.stderr.toString()).toBe("");
    expect(run.exitCode).toBe(0);
    // Some mutations hit only contents: the fuzzing reached behind the decoder.
    expect(Number(/^accepted (\d+)/.exec(run.stdout.toString())?.[1])).toBeGreaterThan(0);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 180_000);
