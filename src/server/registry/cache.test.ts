import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Upstream } from "#registry/cache/upstream.ts";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { errorCode, imageManifest, serveRegistry, sha, type ServedRegistry } from "./testing/served-registry.ts";

/** A registry elsewhere, with one repository `lib/app`. */
class FakeUpstream implements Upstream {
  readonly tags = new Map<string, string>();
  readonly contents = new Map<string, string>();
  readonly asked: string[] = [];
  isDown = false;

  set(tag: string, layer: string): string {
    const manifest = imageManifest(sha("{}"), sha(layer));
    for (const content of ["{}", layer, manifest]) this.contents.set(sha(content), content);
    this.tags.set(tag, sha(manifest));
    return sha(manifest);
  }

  #ask(what: string, name: string): void {
    this.asked.push(what);
    if (this.isDown) throw new Error("connection refused");
    expect(name).toBe("lib/app");
  }

  async digestOf(name: string, tag: string): Promise<string | undefined> {
    this.#ask(`HEAD ${tag}`, name);
    return Promise.resolve(this.tags.get(tag));
  }

  async manifest(name: string, reference: string): ReturnType<Upstream["manifest"]> {
    this.#ask(`GET ${reference}`, name);
    const content = this.contents.get(this.tags.get(reference) ?? reference);
    if (content === undefined) return undefined;
    return Promise.resolve({ mediaType: MEDIA_TYPE.ociManifest, bytes: Buffer.from(content) });
  }

  async blob(name: string, digest: string): ReturnType<Upstream["blob"]> {
    this.#ask(`blob ${digest}`, name);
    const content = this.contents.get(digest);
    if (content === undefined) return undefined;
    return (async function* bytes() {
      yield await Promise.resolve(Buffer.from(content));
    })();
  }
}

let upstream: FakeUpstream;
let registry: ServedRegistry;

beforeEach(() => {
  upstream = new FakeUpstream();
  registry = serveRegistry({}, undefined, { upstreams: [{ prefix: "up.example", upstream }], mirrorOf: "up.example" });
});
afterEach(() => registry.stop());

const get = (path: string): Promise<Response> => registry.send("GET", `/v2/${path}`);
const digestAt = async (path: string): Promise<string | null> => {
  const answer = await get(path);
  expect(answer.status).toBe(200);
  return answer.headers.get("docker-content-digest");
};

test("is fetched once, also by many at a time, and kept", async () => {
  const digest = upstream.set("v1", "layer");
  const pulls = await Promise.all(Array.from({ length: 5 }, () => digestAt("up.example/lib/app/manifests/v1")));
  expect(new Set(pulls)).toEqual(new Set([digest]));
  expect(upstream.asked).toEqual(["GET v1"]);
  const blobs = await Promise.all(
    Array.from({ length: 5 }, async () => (await get(`up.example/lib/app/blobs/${sha("layer")}`)).text()),
  );
  expect(new Set(blobs)).toEqual(new Set(["layer"]));
  upstream.isDown = true;
  expect(await digestAt(`up.example/lib/app/manifests/${digest}`)).toBe(digest);
  expect((await get(`up.example/lib/app/blobs/${sha("layer")}`)).status).toBe(200);
  expect(upstream.asked.length).toBe(2);
});

test("a tag is looked up anew after a while, and what was known is served while nobody answers", async () => {
  const first = upstream.set("v1", "one");
  await digestAt("up.example/lib/app/manifests/v1");
  const second = upstream.set("v1", "two");
  expect(await digestAt("up.example/lib/app/manifests/v1")).toBe(first);
  registry.advance(61_000);
  expect(await digestAt("up.example/lib/app/manifests/v1")).toBe(second);
  upstream.isDown = true;
  registry.advance(61_000);
  const stale = await get("up.example/lib/app/manifests/v1");
  expect([stale.status, stale.headers.get("docker-content-digest")]).toEqual([200, second]);
  expect(stale.headers.get("warning")).toStartWith('299 - "the upstream registry cannot be asked');
  expect(await errorCode(await get("up.example/lib/app/manifests/v2"))).toBe("503 UNAVAILABLE");
  expect(await errorCode(await get(`up.example/lib/app/blobs/${sha("one")}`))).toBe("503 UNAVAILABLE");
});

test("what the upstream does not have, and what it lies about", async () => {
  upstream.set("v1", "layer");
  expect(await errorCode(await get("up.example/lib/app/manifests/v9"))).toBe("404 NAME_UNKNOWN");
  await digestAt("up.example/lib/app/manifests/v1");
  expect(await errorCode(await get(`up.example/lib/app/blobs/${sha("none")}`))).toBe("404 BLOB_UNKNOWN");
  upstream.contents.set(sha("layer"), "not the layer");
  expect(await errorCode(await get(`up.example/lib/app/blobs/${sha("layer")}`))).toBe("503 UNAVAILABLE");
  expect(await registry.context.storage.uploads()).toEqual([]);
});

test.each([
  ["up.example/lib/app/manifests/..%2f..%2f..%2ftoken", "404 NAME_UNKNOWN"],
  ["up.example/..%2f..%2ftoken/manifests/v1", "400 NAME_INVALID"],
  ["up.example/lib/app%3Fx=/manifests/v1", "400 NAME_INVALID"],
  [`up.example/lib%2f..%2fapp/blobs/${sha("layer")}`, "400 NAME_INVALID"],
])("%s does not reach the upstream", async (path, code) => {
  upstream.set("v1", "layer");
  expect(await errorCode(await get(path))).toBe(code);
  expect(upstream.asked).toEqual([]);
});

test("several upstreams, each with its own tags, one down without the other", async () => {
  const other = new FakeUpstream();
  const both = serveRegistry({}, undefined, {
    upstreams: [
      { prefix: "up.example", upstream },
      { prefix: "other.example", upstream: other },
    ],
  });
  const pulled = async (path: string, namespace = ""): Promise<string | null> =>
    (await both.send("GET", `/v2/${path}/manifests/v1${namespace}`)).headers.get("docker-content-digest");
  try {
    const [here, there] = [upstream.set("v1", "here"), other.set("v1", "there")];
    upstream.isDown = true;
    expect(await pulled("other.example/lib/app")).toBe(there);
    expect(await pulled("up.example/lib/app")).toBeNull();
    upstream.isDown = false;
    expect(await pulled("up.example/lib/app")).toBe(here);
    expect(await pulled("lib/app", "?ns=other.example")).toBe(there);
    expect(await pulled("lib/app", "?ns=none.example")).toBeNull();
    const mixed = await both.send("GET", `/v2/up.example/lib/app/blobs/${sha("there")}`);
    expect(await errorCode(mixed)).toBe("404 BLOB_UNKNOWN");
  } finally {
    await both.stop();
  }
});

test("as a mirror: by ns, by the bare name, and never before what was pushed here", async () => {
  const digest = upstream.set("v1", "layer");
  const answer = await get("lib/app/manifests/v1?ns=up.example");
  expect([answer.headers.get("docker-content-digest"), answer.headers.get("oci-namespace")]).toEqual([
    digest,
    "up.example",
  ]);
  expect(await digestAt("lib/app/manifests/v1")).toBe(digest);
  const pushed = await registry.pushImage("lib/app", "v1", "pushed here");
  expect(await digestAt("lib/app/manifests/v1")).toBe(pushed.digest);
  const beside = await registry.pushImage("up.example/lib/app", "mine", "beside");
  expect(await digestAt("up.example/lib/app/manifests/mine")).toBe(beside.digest);
});
