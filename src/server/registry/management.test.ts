import { afterEach, beforeEach, expect, test } from "bun:test";
import { undeleteManifest } from "#registry/manifests/delete-manifest.ts";
import { errorCode, serveRegistry, sha, type PushedImage, type ServedRegistry } from "./testing/served-registry.ts";

let registry: ServedRegistry;
let image: PushedImage;

beforeEach(async () => {
  registry = serveRegistry();
  image = await registry.pushImage("app", "v1");
  await registry.pushImage("app", "v2");
});
afterEach(() => registry.stop());

const statusOf = async (method: string, path: string): Promise<number> => (await registry.send(method, path)).status;
const tags = async (): Promise<unknown> => (await registry.send("GET", "/v2/app/tags/list")).json();

test("a tag goes alone", async () => {
  expect(await statusOf("DELETE", "/v2/app/manifests/v1")).toBe(202);
  expect(await statusOf("GET", "/v2/app/manifests/v1")).toBe(404);
  expect(await statusOf("GET", `/v2/app/manifests/${image.digest}`)).toBe(200);
  expect(await tags()).toEqual({ name: "app", tags: ["v2"] });
  expect(await errorCode(await registry.send("DELETE", "/v2/app/manifests/v1"))).toBe("404 MANIFEST_UNKNOWN");
});

test("a manifest goes with its tags, and can be pushed again", async () => {
  expect(await statusOf("DELETE", `/v2/app/manifests/${image.digest}`)).toBe(202);
  expect(await statusOf("GET", `/v2/app/manifests/${image.digest}`)).toBe(404);
  expect(await tags()).toEqual({ name: "app", tags: [] });
  expect(await statusOf("DELETE", `/v2/app/manifests/${image.digest}`)).toBe(404);
  await registry.pushImage("app", "v3");
  expect(await statusOf("GET", `/v2/app/manifests/${image.digest}`)).toBe(200);
});

test("what was deleted can be brought back", async () => {
  await registry.send("DELETE", `/v2/app/manifests/${image.digest}`);
  undeleteManifest(registry.context, "app", "v2", { name: "somebody" });
  expect(await statusOf("GET", `/v2/app/manifests/${image.digest}`)).toBe(200);
  expect(await tags()).toEqual({ name: "app", tags: ["v2"] });
});

test("a blob goes when no manifest needs it", async () => {
  expect(await errorCode(await registry.send("DELETE", `/v2/app/blobs/${image.layer}`))).toBe("405 UNSUPPORTED");
  await registry.send("DELETE", `/v2/app/manifests/${image.digest}`);
  expect(await statusOf("DELETE", `/v2/app/blobs/${image.layer}`)).toBe(202);
  expect(await statusOf("HEAD", `/v2/app/blobs/${image.layer}`)).toBe(404);
  expect(await errorCode(await registry.send("DELETE", `/v2/app/blobs/${image.layer}`))).toBe("404 BLOB_UNKNOWN");
});

test("in one repository only", async () => {
  await registry.send("POST", `/v2/other/blobs/uploads/?mount=${image.layer}&from=app`);
  expect(await statusOf("DELETE", `/v2/other/blobs/${image.layer}`)).toBe(202);
  expect(await statusOf("HEAD", `/v2/app/blobs/${image.layer}`)).toBe(200);
});

test("what is not there", async () => {
  expect(await errorCode(await registry.send("DELETE", `/v2/app/manifests/${sha("x")}`))).toBe("404 MANIFEST_UNKNOWN");
  expect(await errorCode(await registry.send("DELETE", "/v2/none/manifests/v1"))).toBe("404 NAME_UNKNOWN");
  expect(await errorCode(await registry.send("DELETE", `/v2/none/blobs/${sha("x")}`))).toBe("404 NAME_UNKNOWN");
});
