import { describe, expect, test } from "bun:test";

import { decodeLaunch } from "./testing/decode.ts";
import { encodeLaunch } from "./encode.ts";
import { generateOpsHeader } from "./generate-ops-header.ts";
import { maxFields, stepTable, type Plan } from "./ops.ts";
import { samplePlan, sampleSettings } from "./testing/sample.ts";
import { allShapes } from "./wire.ts";

describe("launch message", () => {
  test("gives every step back as it was", () => {
    const plan = samplePlan();
    const records = decodeLaunch(encodeLaunch(sampleSettings, plan));
    expect(records[0]).toEqual({ name: "launch", tolerate: [], fields: { ...sampleSettings } });
    expect(records[1]?.fields).toEqual({
      create: 0x10020000,
      uidMap: "0 100000 65536\n",
      gidMap: "0 200000 65536\n",
      timeOffsets: "monotonic -1 2\nboottime 3 4\n",
      cgroupDirectory: "/sys/fs/cgroup/x",
      cgroupProcs: ["/sys/fs/cgroup/memory/x/cgroup.procs"],
    });
    expect(records.slice(2, 4).map(({ fields }) => fields)).toEqual([
      { flag: 0x40000000, path: "/run/netns/x" },
      { flags: 0x08000080, pid: 7, startTicks: 99n },
    ]);
    const steps = records
      .slice(4, -1)
      .map(({ name, tolerate, fields }) => ({ op: name, ...fields, ...(tolerate.length > 0 ? { tolerate } : {}) }));
    expect(steps as unknown).toEqual(plan.steps as unknown);
    expect(records.at(-1)).toEqual({ name: "exec", tolerate: [], fields: { ...plan.exec } });
  });

  test("is little endian and starts with BRTH, version, length, count", () => {
    const plan: Plan = {
      create: [],
      join: [],
      uidMap: "",
      gidMap: "",
      cgroup: { procs: [] },
      steps: [{ op: "hostname", name: "h" }],
      exec: { argv: ["/x"], env: [] },
    };
    const bytes = Buffer.from(encodeLaunch({ ...sampleSettings, logPath: "", oomEvents: "" }, plan));
    expect(bytes.subarray(0, 16).toString("hex")).toBe(
      `4252544802000000${Buffer.from([bytes.length, 0, 0, 0]).toString("hex")}04000000`,
    );
    expect(bytes.toString("hex")).toContain("1f00000006000000010000006800");
  });

  test.each([
    ["a NUL in a string", { argv: ["a\0b"], env: [] }],
    ["no command", { argv: [], env: [] }],
  ])("refuses %s", (_what, exec) => {
    expect(() => encodeLaunch(sampleSettings, { ...samplePlan(), exec })).toThrow();
  });

  test("refuses numbers that do not fit", () => {
    const plan = samplePlan();
    for (const value of [-1, 1.5, 2 ** 32, Number.NaN]) {
      expect(() => encodeLaunch(sampleSettings, { ...plan, steps: [{ op: "umask", mask: value }] })).toThrow("32-bit");
    }
    expect(() => encodeLaunch(sampleSettings, { ...plan, steps: [{ op: "bounding_set", keep: -1n }] })).toThrow(
      "64-bit",
    );
  });

  test("decoding refuses every truncation", () => {
    const message = encodeLaunch(sampleSettings, samplePlan());
    for (let length = 0; length < message.length; length++)
      expect(() => decodeLaunch(message.subarray(0, length))).toThrow();
  });
});

describe("table", () => {
  test("codes are unique and fields fit the shim's array", () => {
    const codes = allShapes().map(([, shape]) => shape.code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const [, shape] of allShapes()) expect(Object.keys(shape.fields).length).toBeLessThanOrEqual(maxFields);
    for (const shape of Object.values(stepTable)) expect(shape.code).toBeLessThan(200);
  });

  test("native/shim/ops.h is up to date", async () => {
    expect(await Bun.file(new URL("../../../native/shim/ops.h", import.meta.url)).text()).toBe(generateOpsHeader());
  });
});
