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

test("an image of a container", async () => {
  const url = `/commit?container=${id}&repo=made&tag=1&author=me&comment=why&changes=ENV%20A%3Db&changes=CMD%20%5B%22x%22%5D`;
  const response = await served.call("POST", url, "null", { "Content-Type": "application/json" });
  expect(response.status).toBe(201);
  const { Id } = (await response.json()) as { Id: string };
  const image = served.world.images.get("made:1");
  expect([image?.id, image?.config.config?.Cmd, image?.config.config?.Env]).toEqual([Id, ["x"], ["PATH=/bin", "A=b"]]);
  expect(served.world.published.slice(-2)).toEqual([
    { type: "image", action: "tag", id: Id, attributes: { name: "made:1" } },
    expect.objectContaining({
      action: "commit",
      attributes: expect.objectContaining({ comment: "why", imageID: Id, imageRef: "made:1" }),
    }),
  ]);
  for (const [query, message] of [
    ["container=nope", "404 No such container: nope"],
    [`container=${id}&changes=RUN%20x`, "400 RUN is not a valid change command"],
    [`container=${id}&repo=Bad`, "400 invalid reference format: repository name (library/Bad) must be lowercase"],
  ] as const) {
    expect(await served.failure("POST", `/commit?${query}`)).toBe(message);
  }
});

test("a running container is still while it is committed, unless that is not wanted", async () => {
  const { world } = served;
  const running = await served.create({ Cmd: ["sleep", "1000"] });
  expect((await served.call("POST", `/containers/${running}/start`)).status).toBe(204);
  const actions = async (query: string): Promise<string[]> => {
    const before = world.published.length;
    expect((await served.call("POST", `/commit?container=${running}${query}`)).status).toBe(201);
    return world.published.slice(before).map(({ action }) => action);
  };
  expect(await actions("")).toEqual(["pause", "commit", "unpause"]);
  expect(await actions("&pause=0")).toEqual(["commit"]);
  await served.call("POST", `/containers/${running}/pause`);
  expect(await actions("&pause=1")).toEqual(["commit"]);
  await served.call("POST", `/containers/${running}/unpause`);
});
