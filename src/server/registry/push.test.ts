import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { errorCode, imageManifest, serveRegistry, sha, type ServedRegistry } from "./testing/served-registry.ts";

let registry: ServedRegistry;

beforeAll(() => {
  registry = serveRegistry({ maxBlobBytes: 100_000 });
});
afterAll(() => registry.stop());

async function begin(query = ""): Promise<string> {
  const answer = await registry.send("POST", `/v2/app/blobs/uploads/${query}`);
  expect([answer.status, answer.headers.get("range"), answer.headers.get("content-length")]).toEqual([202, "0-0", "0"]);
  return answer.headers.get("location") ?? "";
}

const patch = (location: string, body: string, range?: string): Promise<Response> =>
  registry.send("PATCH", location, { body, headers: range === undefined ? {} : { "Content-Range": range } });
const put = (location: string, digest: string, body?: string, range?: string): Promise<Response> =>
  registry.send("PUT", `${location}?digest=${digest}`, {
    ...(body === undefined ? {} : { body }),
    headers: range === undefined ? {} : { "Content-Range": range },
  });
const textOf = async (digest: string): Promise<string> =>
  (await registry.send("GET", `/v2/app/blobs/${digest}`)).text();

describe("an upload", () => {
  test("in one request", async () => {
    const answer = await registry.send("POST", `/v2/app/blobs/uploads/?digest=${sha("one")}`, { body: "one" });
    expect([answer.status, answer.headers.get("location"), answer.headers.get("docker-content-digest")]).toEqual([
      201,
      `/v2/app/blobs/${sha("one")}`,
      sha("one"),
    ]);
    expect(await textOf(sha("one"))).toBe("one");
  });

  test("in two requests", async () => {
    expect((await put(await begin(), sha("two"), "two")).status).toBe(201);
    expect(await textOf(sha("two"))).toBe("two");
  });

  test.each(["sha256", "sha512"] as const)("in chunks, the last with the digest, by %s", async (algorithm) => {
    const location = await begin(`?digest-algorithm=${algorithm}`);
    const first = await patch(location, "hello ", "0-5");
    expect([first.status, first.headers.get("range"), first.headers.get("location")]).toEqual([202, "0-5", location]);
    const status = await registry.send("GET", location);
    expect([status.status, status.headers.get("range"), status.headers.get("location")]).toEqual([
      204,
      "0-5",
      location,
    ]);
    const digest = sha("hello world", algorithm);
    expect((await put(location, digest, "world", "6-10")).status).toBe(201);
    expect(await textOf(digest)).toBe("hello world");
    expect(await errorCode(await registry.send("GET", location))).toBe("404 BLOB_UPLOAD_UNKNOWN");
  });

  test("whose digest turns out to be of the other kind", async () => {
    const location = await begin();
    await patch(location, "other kind");
    expect((await put(location, sha("other kind", "sha512"))).status).toBe(201);
  });

  test("streamed without ranges", async () => {
    const location = await begin();
    expect((await patch(location, "abc")).status).toBe(202);
    expect((await patch(location, "def")).headers.get("range")).toBe("0-5");
    expect((await put(location, sha("abcdef"))).status).toBe(201);
  });

  test.each(["5-8", "1-4", "x", "8-5"])("chunks have their order: %s after 3 bytes", async (range) => {
    const location = await begin();
    await patch(location, "abc", "0-2");
    const answer = await patch(location, "defg", range);
    expect([answer.status, answer.headers.get("range")]).toEqual([416, "0-2"]);
    expect((await put(location, sha("abcd"), "d", "3-3")).status).toBe(201);
  });

  test.each(["de", "defgh"])("a chunk is as long as its range: %s as 3-5", async (text) => {
    const location = await begin();
    await patch(location, "abc", "0-2");
    expect(await errorCode(await patch(location, text, "3-5"))).toBe("400 SIZE_INVALID");
    expect((await registry.send("GET", location)).headers.get("range")).toBe("0-2");
    expect((await put(location, sha("abcdef"), "def", "3-5")).status).toBe(201);
  });

  test("is refused with a wrong digest, and is gone then", async () => {
    const location = await begin();
    expect(await errorCode(await put(location, sha("right"), "wrong"))).toBe("400 DIGEST_INVALID");
    expect(await errorCode(await registry.send("GET", location))).toBe("404 BLOB_UPLOAD_UNKNOWN");
    expect(await errorCode(await put(await begin(), "sha256:12", "x"))).toBe("400 DIGEST_INVALID");
    expect(await errorCode(await registry.send("PUT", await begin()))).toBe("400 DIGEST_INVALID");
    const single = await registry.send("POST", `/v2/app/blobs/uploads/?digest=${sha("right")}`, { body: "wrong" });
    expect(await errorCode(single)).toBe("400 DIGEST_INVALID");
    expect(await registry.context.storage.uploads().then((uploads) => uploads.length)).toBeLessThan(3);
  });

  test("can be cancelled", async () => {
    const location = await begin();
    expect((await registry.send("DELETE", location)).status).toBe(204);
    expect(await errorCode(await registry.send("DELETE", location))).toBe("404 BLOB_UPLOAD_UNKNOWN");
    expect(await errorCode(await patch(location, "x"))).toBe("404 BLOB_UPLOAD_UNKNOWN");
  });

  test("belongs to its repository", async () => {
    const elsewhere = (await begin()).replace("/app/", "/other/");
    expect(await errorCode(await patch(elsewhere, "x"))).toBe("404 BLOB_UPLOAD_UNKNOWN");
    const trick = "/v2/app/blobs/uploads/..%2f..%2fregistry.db";
    expect(await errorCode(await patch(trick, "x"))).toBe("404 BLOB_UPLOAD_UNKNOWN");
  });

  test("beyond the limit", async () => {
    const long = "x".repeat(100_001);
    expect(await errorCode(await put(await begin(), sha(long), long))).toBe("403 DENIED");
  });

  test("into a name that is none", async () => {
    expect(await errorCode(await registry.send("POST", "/v2/App/blobs/uploads/"))).toBe("400 NAME_INVALID");
    expect(await errorCode(await registry.send("POST", "/v2/a/blobs/uploads/?digest=md5:1"))).toBe(
      "400 DIGEST_INVALID",
    );
  });

  test("that breaks off can be gone on with", async () => {
    const location = await begin();
    const leave = new AbortController();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from("first half, ")),
    });
    const broken = fetch(new URL(location, registry.url), { method: "PATCH", body, signal: leave.signal });
    await Bun.sleep(50);
    leave.abort();
    await broken.catch(() => undefined);
    const status = await registry.send("GET", location);
    const came = Number(status.headers.get("range")?.slice(2)) + 1;
    const text = "first half, second half";
    expect((await put(location, sha(text), text.slice(came === 1 ? 0 : came))).status).toBe(201);
  });
});

describe("a mount", () => {
  test.each(["&from=app", ""])("of a known blob%s", async (from) => {
    const digest = await registry.pushBlob("app", `mounted${from}`);
    const answer = await registry.send("POST", `/v2/mounting/blobs/uploads/?mount=${digest}${from}`);
    expect([answer.status, answer.headers.get("location")]).toEqual([201, `/v2/mounting/blobs/${digest}`]);
    expect((await registry.send("HEAD", `/v2/mounting/blobs/${digest}`)).status).toBe(200);
  });

  test.each([`mount=${sha("unknown")}&from=app`, "mount=nonsense&from=app", `mount=${sha("")}&from=no/such`])(
    "of what is not there becomes an upload: %s",
    async (query) => {
      const answer = await registry.send("POST", `/v2/mounting/blobs/uploads/?${query}`);
      expect(answer.status).toBe(202);
      expect((await registry.send("DELETE", answer.headers.get("location") ?? "")).status).toBe(204);
    },
  );
});

describe("a manifest", () => {
  const push = (reference: string, manifest: string, type: string | undefined = MEDIA_TYPE.ociManifest) =>
    registry.send("PUT", `/v2/app/manifests/${reference}`, { headers: { "Content-Type": type }, body: manifest });
  let config = "";
  let layer = "";

  beforeAll(async () => {
    config = await registry.pushBlob("app", "{}");
    layer = await registry.pushBlob("app", "layer");
  });

  test("by tag and by digest", async () => {
    const manifest = imageManifest(config, layer);
    for (const reference of ["v1", sha(manifest), sha(manifest, "sha512")]) {
      const digest = reference === "v1" ? sha(manifest) : reference;
      const answer = await push(reference, manifest);
      expect([answer.status, answer.headers.get("location"), answer.headers.get("docker-content-digest")]).toEqual([
        201,
        `/v2/app/manifests/${digest}`,
        digest,
      ]);
      expect(await (await registry.send("GET", `/v2/app/manifests/${digest}`)).text()).toBe(manifest);
    }
  });

  test("with several tags at once", async () => {
    const manifest = imageManifest(config, layer, { annotations: { many: "tags" } });
    const answer = await push(`${sha(manifest)}?tag=a1&tag=a2`, manifest);
    expect([answer.status, answer.headers.get("oci-tag")]).toEqual([201, "a1, a2"]);
    for (const tag of ["a1", "a2"]) {
      const head = await registry.send("HEAD", `/v2/app/manifests/${tag}`);
      expect(head.headers.get("docker-content-digest")).toBe(sha(manifest));
    }
    expect(await errorCode(await push(`${sha(manifest)}?tag=a3&tag=-`, manifest))).toBe("400 TAG_INVALID");
    expect((await registry.send("HEAD", "/v2/app/manifests/a3")).status).toBe(404);
  });

  test("whose subject is not there yet", async () => {
    const subject = { mediaType: MEDIA_TYPE.ociManifest, digest: sha("later"), size: 5 };
    const answer = await push("with-subject", imageManifest(config, layer, { subject }));
    expect([answer.status, answer.headers.get("oci-subject")]).toEqual([201, sha("later")]);
  });

  test("of Docker, an index of it, and an index of that", async () => {
    const docker = JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.dockerManifest,
      config: { mediaType: MEDIA_TYPE.dockerConfig, digest: config, size: 2 },
      layers: [{ mediaType: MEDIA_TYPE.dockerLayerGzip, digest: layer, size: 5 }],
    });
    expect((await push("docker", docker, MEDIA_TYPE.dockerManifest)).status).toBe(201);
    const list = (type: string, part: string, of: string): string => {
      const manifests = [{ mediaType: of, digest: sha(part), size: part.length }];
      return JSON.stringify({ schemaVersion: 2, mediaType: type, manifests });
    };
    const inner = list(MEDIA_TYPE.dockerManifestList, docker, MEDIA_TYPE.dockerManifest);
    expect((await push("list", inner, MEDIA_TYPE.dockerManifestList)).status).toBe(201);
    const outer = list(MEDIA_TYPE.ociIndex, inner, MEDIA_TYPE.ociIndex);
    expect((await push("index", outer, MEDIA_TYPE.ociIndex)).status).toBe(201);
    const head = await registry.send("HEAD", "/v2/app/manifests/list");
    expect(head.headers.get("content-type")).toBe(MEDIA_TYPE.dockerManifestList);
  });

  test("with unknown fields, embedded data, layers kept elsewhere, no layers", async () => {
    const embedded = { mediaType: "text/plain", digest: layer, size: 5, data: Buffer.from("layer").toString("base64") };
    const elsewhere = { mediaType: MEDIA_TYPE.ociForeignLayerGzip, digest: sha("far away"), size: 8 };
    const more = { layers: [embedded, elsewhere], artifactType: "application/x", surprise: { a: [1] } };
    expect((await push("odd", imageManifest(config, layer, more))).status).toBe(201);
    expect((await push("bare", imageManifest(config, layer, { layers: [] }))).status).toBe(201);
  });

  test("with parts that are not there names them all", async () => {
    const answer = await push("v9", imageManifest(sha("no config"), sha("no layer")));
    expect(await errorCode(answer)).toBe("404 MANIFEST_BLOB_UNKNOWN MANIFEST_BLOB_UNKNOWN");
    const index = { schemaVersion: 2, manifests: [{ mediaType: MEDIA_TYPE.ociManifest, digest: sha("x"), size: 1 }] };
    expect(await errorCode(await push("v9", JSON.stringify(index), MEDIA_TYPE.ociIndex))).toBe(
      "404 MANIFEST_BLOB_UNKNOWN",
    );
  });

  test("that tells wrong sizes names the parts", async () => {
    const layers = [
      { mediaType: MEDIA_TYPE.ociLayer, digest: layer, size: 5 },
      { mediaType: MEDIA_TYPE.ociLayer, digest: layer, size: 6 },
    ];
    expect(await errorCode(await push("v9", imageManifest(config, layer, { layers })))).toBe("400 SIZE_INVALID");
    expect((await registry.send("HEAD", "/v2/app/manifests/v9")).status).toBe(404);
  });

  test.each([
    ["no JSON", "{", MEDIA_TYPE.ociManifest],
    ["no object", "[]", MEDIA_TYPE.ociManifest],
    ["of another type than told", imageManifest(sha(""), sha("")), MEDIA_TYPE.ociIndex],
    ["of schema 1", JSON.stringify({ schemaVersion: 1, name: "app" }), MEDIA_TYPE.dockerSchema1],
    ["without config", JSON.stringify({ schemaVersion: 2, layers: [] }), MEDIA_TYPE.ociManifest],
    ["of both kinds", imageManifest(sha(""), sha(""), { manifests: [] }), MEDIA_TYPE.ociManifest],
    ["with a bad digest", imageManifest("sha256:../x", sha("")), MEDIA_TYPE.ociManifest],
    ["of an unknown type", JSON.stringify({ schemaVersion: 2 }), "text/html"],
    ["with bad annotations", imageManifest(sha(""), sha(""), { annotations: { a: 1 } }), MEDIA_TYPE.ociManifest],
  ])("%s is refused", async (_what, manifest, type) => {
    expect(await errorCode(await push("bad", manifest, type))).toBe("400 MANIFEST_INVALID");
  });

  test("with a wrong digest, a bad tag, another algorithm", async () => {
    const manifest = imageManifest(config, layer);
    expect(await errorCode(await push(sha("other"), manifest))).toBe("400 DIGEST_INVALID");
    expect(await errorCode(await push("-bad", manifest))).toBe("400 TAG_INVALID");
    expect(await errorCode(await push("md5:abc", manifest))).toBe("400 DIGEST_INVALID");
    expect(await errorCode(await push("t".repeat(129), manifest))).toBe("400 TAG_INVALID");
  });

  test("of 4 MiB is taken, a larger one is not", async () => {
    const room = (bytes: number): string => {
      const bare = imageManifest(config, layer, { annotations: { a: "" } });
      return imageManifest(config, layer, { annotations: { a: "x".repeat(bytes - bare.length) } });
    };
    expect((await push("large", room(4 * 1024 * 1024))).status).toBe(201);
    expect(await errorCode(await push("larger", room(4 * 1024 * 1024 + 1)))).toBe("413 SIZE_INVALID");
  });
});

test("a read-only registry takes nothing", async () => {
  const closed = serveRegistry({ readOnly: true });
  expect(await errorCode(await closed.send("POST", "/v2/app/blobs/uploads/"))).toBe("405 UNSUPPORTED");
  expect(await errorCode(await closed.send("PUT", "/v2/app/manifests/v1", { body: "{}" }))).toBe("405 UNSUPPORTED");
  await closed.stop();
});
