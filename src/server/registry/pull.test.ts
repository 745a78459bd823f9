import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { errorCode, serveRegistry, sha, type PushedImage, type ServedRegistry } from "./testing/served-registry.ts";

let registry: ServedRegistry;
let image: PushedImage;

beforeAll(async () => {
  registry = serveRegistry();
  image = await registry.pushImage("some/app", "v1", "0123456789");
});
afterAll(() => registry.stop());

const get = (path: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Promise<Response> =>
  registry.send(method, path, { headers });

test("the base tells that it is a registry", async () => {
  const answer = await get("/v2/");
  expect(answer.status).toBe(200);
  expect(answer.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
  expect(await answer.json()).toEqual({});
  expect((await get("/v2")).status).toBe(200);
});

describe("manifests", () => {
  test.each(["v1", "digest"])("by %s come as they were pushed", async (which) => {
    const path = `/v2/some/app/manifests/${which === "v1" ? "v1" : image.digest}`;
    const whole = await get(path);
    expect(whole.status).toBe(200);
    expect(await whole.text()).toBe(image.manifest);
    const head = await get(path, {}, "HEAD");
    for (const answer of [whole, head]) {
      expect(answer.headers.get("content-type")).toBe(MEDIA_TYPE.ociManifest);
      expect(answer.headers.get("docker-content-digest")).toBe(image.digest);
      expect(answer.headers.get("content-length")).toBe(String(image.manifest.length));
    }
    expect(await head.text()).toBe("");
    expect((await get(path, { "If-None-Match": `"${image.digest}"` })).status).toBe(304);
  });

  test.each([
    ["/v2/some/app/manifests/v2", "404 MANIFEST_UNKNOWN"],
    [`/v2/some/app/manifests/${sha("nothing")}`, "404 MANIFEST_UNKNOWN"],
    ["/v2/other/app/manifests/v1", "404 NAME_UNKNOWN"],
    ["/v2/Some/app/manifests/v1", "400 NAME_INVALID"],
    ["/v2/..%2fapp/manifests/v1", "400 NAME_INVALID"],
    ["/v2/some/app/manifests/-x", "404 MANIFEST_UNKNOWN"],
    [`/v2/some/app/manifests/${"t".repeat(200)}`, "404 MANIFEST_UNKNOWN"],
    ["/v2/%zz/manifests/v1", "400 NAME_INVALID"],
  ])("%s: %s", async (path, code) => {
    expect(await errorCode(await get(path))).toBe(code);
    const head = await get(path, {}, "HEAD");
    expect([head.status, await head.text()]).toEqual([Number(code.slice(0, 3)), ""]);
  });
});

describe("blobs", () => {
  const path = (): string => `/v2/some/app/blobs/${image.layer}`;

  test("come whole", async () => {
    const whole = await get(path());
    expect([whole.status, await whole.text()]).toEqual([200, "0123456789"]);
    const head = await get(path(), {}, "HEAD");
    expect([head.status, await head.text()]).toEqual([200, ""]);
    for (const answer of [whole, head]) {
      expect(answer.headers.get("docker-content-digest")).toBe(image.layer);
      expect(answer.headers.get("content-length")).toBe("10");
      expect(answer.headers.get("accept-ranges")).toBe("bytes");
    }
    const escaped = await get(path().replaceAll(":", "%3A"));
    expect([escaped.status, await escaped.text()]).toEqual([200, "0123456789"]);
  });

  test.each([
    ["bytes=0-3", 206, "0123", "bytes 0-3/10"],
    ["bytes=8-", 206, "89", "bytes 8-9/10"],
    ["bytes=-2", 206, "89", "bytes 8-9/10"],
    ["bytes=5-500", 206, "56789", "bytes 5-9/10"],
    ["bytes=1-2,4-5", 200, "0123456789", null],
    ["sheep=1-2", 200, "0123456789", null],
  ])("%s", async (range, status, text, contentRange) => {
    const answer = await get(path(), { Range: range });
    expect([answer.status, await answer.text(), answer.headers.get("content-range")]).toEqual([
      status,
      text,
      contentRange,
    ]);
    expect(answer.headers.get("content-length")).toBe(String(text.length));
  });

  test("a range behind the end", async () => {
    const answer = await get(path(), { Range: "bytes=10-" });
    expect(answer.headers.get("content-range")).toBe("bytes */10");
    expect(await errorCode(answer)).toBe("416 RANGE_INVALID");
  });

  test("conditions", async () => {
    expect((await get(path(), { "If-None-Match": `"x", "${image.layer}"` })).status).toBe(304);
    expect((await get(path(), { "If-None-Match": '"x"' })).status).toBe(200);
    expect((await get(path(), { Range: "bytes=0-1", "If-Range": `"${image.layer}"` })).status).toBe(206);
    expect((await get(path(), { Range: "bytes=0-1", "If-Range": '"x"' })).status).toBe(200);
  });

  test("without bytes, and by sha512", async () => {
    const nothing = await registry.pushBlob("some/app", "");
    const answer = await get(`/v2/some/app/blobs/${nothing}`);
    expect([answer.status, await answer.text(), answer.headers.get("content-length")]).toEqual([200, "", "0"]);
    const digest = sha("long", "sha512");
    const pushed = await registry.send("POST", `/v2/some/app/blobs/uploads/?digest=${digest}`, { body: "long" });
    expect(pushed.status).toBe(201);
    expect(await (await get(`/v2/some/app/blobs/${digest}`)).text()).toBe("long");
  });

  test.each([
    [`/v2/some/app/blobs/${sha("nothing")}`, "404 BLOB_UNKNOWN"],
    [`/v2/other/app/blobs/${sha("0123456789")}`, "404 NAME_UNKNOWN"],
    ["/v2/some/app/blobs/md5:00", "400 DIGEST_INVALID"],
    ["/v2/some/app/blobs/sha256:..%2f..%2fetc", "400 DIGEST_INVALID"],
  ])("%s: %s", async (path, code) => {
    expect(await errorCode(await get(path))).toBe(code);
  });

  test("of one repository are not another's", async () => {
    await registry.pushImage("apart/app", "v1", "secret");
    expect(await errorCode(await get(`/v2/some/app/blobs/${sha("secret")}`))).toBe("404 BLOB_UNKNOWN");
  });
});

test("other addresses and methods", async () => {
  expect(await errorCode(await get("/v2/some/app/nothing"))).toBe("404 UNSUPPORTED");
  const answer = await registry.send("PUT", "/v2/some/app/tags/list");
  expect(answer.headers.get("allow")).toBe("GET");
  expect(await errorCode(answer)).toBe("405 UNSUPPORTED");
});
