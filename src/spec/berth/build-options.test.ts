import { expect, test } from "bun:test";
import { decodeBuildOptions } from "./build-options.ts";

test("what is missing has its zero value", () => {
  const options = decodeBuildOptions({});
  expect(options).toMatchObject({ context: { kind: "none" }, tags: [], labels: {}, noCache: false, call: "build" });
  expect(options).toMatchObject({ dockerfileText: null, limits: { memoryBytes: 0 }, outputs: [] });
});

test("what is given is read", () => {
  const options = decodeBuildOptions({
    context: { kind: "folder", path: "/src", identity: "1 2 3" },
    buildArgs: { A: "1", B: null },
    noCache: ["one"],
    outputs: [{ type: "local", attributes: { dest: "/out" }, toClient: true }],
    call: "check",
  });
  expect(options.context).toEqual({ kind: "folder", path: "/src", identity: "1 2 3" });
  expect({ ...options.buildArgs }).toEqual({ A: "1", B: null });
  expect([options.noCache, options.call, options.outputs[0]?.toClient]).toEqual([["one"], "check", true]);
});

test.each([
  [{ tags: "x" }, "BuildOptions.tags"],
  [{ labels: { a: 1 } }, "BuildOptions.labels.a"],
  [{ limits: { memoryBytes: "1g" } }, "BuildLimits.limits.memoryBytes"],
  [{ noCache: 1 }, "BuildOptions.noCache"],
  [{ context: { kind: "moon" } }, "no context of kind"],
  [{ call: "home" }, "not called"],
  [[], "BuildOptions"],
])("refused: %j", (body, why) => {
  expect(() => decodeBuildOptions(body)).toThrow(why);
});
