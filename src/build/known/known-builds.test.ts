import { expect, test } from "bun:test";
import type { Platform } from "#spec/oci/platform.ts";
import { parseReference } from "#spec/oci/reference.ts";
import { KnownBuilds, type Ground, type KnownBuild } from "./known-builds.ts";

const platform: Platform = { os: "linux", architecture: "amd64" };
const selection = { path: "/src", excludes: [], parents: false, required: true };
const files = { context: "context", excludes: ["*.log"], selection };

const build: KnownBuild = {
  images: [{ reference: "docker.io/library/busybox:latest", platform, id: "sha256:base" }],
  files: [{ ...files, digest: "d1" }],
  steps: [["k1", "r1"]],
  manifest: "sha256:m",
  events: [{ type: "exporting", text: "exporting to image" }],
  exported: { imageId: "sha256:made", names: [], metadata: {} },
};

/** All as it was, but for what is changed; `names` and `used` are what came of it. */
function ground(change: Partial<Ground> = {}): Ground & { readonly names: string[]; readonly used: string[] } {
  const names: string[] = [];
  const used: string[] = [];
  return {
    names,
    used,
    imageId: async () => "sha256:base",
    digest: async () => "d1",
    manifestOf: () => "sha256:m",
    useAll: (steps) => {
      used.push(...steps.map(([, id]) => id));
      return true;
    },
    name: (id, references) => names.push(`${id} ${references.map(({ path }) => path).join()}`),
    ...change,
  };
}

test("what stands on the same is told again, under the names that were asked for", async () => {
  const known = new KnownBuilds();
  known.keep("recipe", build);
  const now = ground();
  expect(await known.again("recipe", [parseReference("web")], now)).toBe(build);
  expect([now.names, now.used]).toEqual([["sha256:made library/web"], ["r1"]]);
  expect(await known.again("another", [], now)).toBeUndefined();
});

test.each<[string, Partial<Ground>]>([
  ["another base image", { imageId: async () => "sha256:newer" }],
  ["a base image that is gone", { imageId: async () => undefined }],
  ["a file that was changed", { digest: async () => "d2" }],
  ["a context that is gone", { digest: async () => undefined }],
  ["an image that was removed", { manifestOf: () => undefined }],
  ["an image with another manifest", { manifestOf: () => "sha256:other" }],
  ["a record that was pruned", { useAll: () => false }],
])("%s has to be built", async (_what, change) => {
  const known = new KnownBuilds();
  known.keep("recipe", build);
  const now = ground(change);
  expect(await known.again("recipe", [parseReference("web")], now)).toBeUndefined();
  expect(now.names).toEqual([]);
});

test("the last ones are kept", async () => {
  const known = new KnownBuilds();
  known.keep("first", build);
  for (let index = 0; index < 63; index++) known.keep(`r${index}`, build);
  expect(await known.again("first", [], ground())).toBe(build);
  known.keep("one more", build);
  expect(await known.again("r0", [], ground())).toBeUndefined();
  expect(await known.again("first", [], ground())).toBe(build);
});
