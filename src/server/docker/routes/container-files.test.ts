import { afterAll, beforeAll, expect, test } from "bun:test";
import { decodePathStat } from "#spec/docker/archive.ts";
import { ServedEngine } from "../testing/served-engine.ts";

let served: ServedEngine;
let id = "";

beforeAll(async () => {
  served = await ServedEngine.open();
  id = await served.create();
});

afterAll(() => served.close());

test("a path's description is in the header, of HEAD and of GET", async () => {
  for (const method of ["HEAD", "GET"]) {
    const response = await served.call(method, `/v1.51/containers/${id}/archive?path=/etc/passwd`);
    expect(response.status).toBe(200);
    expect(decodePathStat(response.headers.get("x-docker-container-path-stat") ?? undefined).name).toBe("passwd");
    const text = await response.text();
    if (method === "HEAD") expect(text).toBe("");
    else {
      expect(text).toBe("root:x:0:0\n");
      expect(response.headers.get("content-type")).toBe("application/x-tar");
    }
  }
});

test("refusals are Docker's", async () => {
  expect(await served.failure("GET", `/containers/${id}/archive`)).toBe("400 bad parameter: pathcannot be empty");
  expect(await served.failure("GET", `/containers/${id}/archive?path=/nope`)).toBe(
    `404 Could not find the file /nope in container ${id}`,
  );
  expect(await served.failure("PUT", "/containers/nope/archive?path=/", "")).toBe("404 No such container: nope");
  expect((await served.call("HEAD", "/containers/nope/archive?path=/")).status).toBe(404);
});

test("an archive is handed on with its options, and both directions are told as events", async () => {
  const url = `/containers/${id}/archive?path=/&noOverwriteDirNonDir=true&copyUIDGID=0`;
  expect((await served.call("PUT", url, "x".repeat(100_000))).status).toBe(200);
  expect(served.world.containerFiles.extracted).toEqual([
    { path: "/", options: { keepTypes: true, owner: null }, bytes: 100_000 },
  ]);
  const actions = served.world.published.map(({ action }) => action);
  expect(actions).toContain("extract-to-dir");
  expect(actions).toContain("archive-path");
});

test("a container that does not run is seen through its snapshot, to be written only for that", async () => {
  const { views } = served.world.containerFiles;
  expect(views.map(({ root }) => (root.kind === "overlay" ? root.access : root.kind))).toEqual([
    "read",
    "read",
    "read",
    "write",
  ]);
});

test("changes and the whole root", async () => {
  expect(await (await served.call("GET", `/containers/${id}/changes`)).json()).toEqual([{ Path: "/etc", Kind: 0 }]);
  const response = await served.call("GET", `/containers/${id}/export`);
  expect([response.headers.get("content-type"), await response.text()]).toEqual([
    "application/octet-stream",
    "root:x:0:0\n",
  ]);
  expect(served.world.published.at(-1)?.action).toBe("export");
  expect(await (await served.call("GET", `/containers/${await served.create()}/changes`)).json()).toBeNull();
  expect(await served.failure("GET", "/containers/nope/export")).toBe("404 No such container: nope");
});
