/** Searches and questions about images: of an index's answers, good and bad, and of what a registry has. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { FetchHttp } from "#host/web/registry-http.ts";
import { splitTerm } from "#remote/search-index.ts";
import { RegistrySources } from "#remote/registry-sources.ts";
import { parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import { buildImage, buildIndex } from "../../tools/lab/image-writer.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { startFaultyRegistry, type FaultyRegistry } from "./image-registry.ts";

let registry: FaultyRegistry;
const sources = new RegistrySources({
  http: new FetchHttp(),
  settings: { insecureRegistries: [], mirrors: [], rules: [], certificateDirs: [], downloadAttempts: 2 },
});
const { signal } = new AbortController();

beforeEach(async () => {
  registry = await startFaultyRegistry();
});

afterEach(() => registry.close());

test("a term names the registry that is asked", () => {
  expect(splitTerm("busybox")).toEqual({ domain: "docker.io", term: "busybox" });
  expect(splitTerm("library/busybox")).toEqual({ domain: "docker.io", term: "busybox" });
  expect(splitTerm("me/busybox")).toEqual({ domain: "docker.io", term: "me/busybox" });
  expect(splitTerm("localhost/a/b")).toEqual({ domain: "localhost", term: "a/b" });
  expect(splitTerm("host:5000/a")).toEqual({ domain: "host:5000", term: "a" });
});

test("an index's results, as far as they are any", async () => {
  const answers: readonly (readonly [number, string])[] = [
    [
      200,
      JSON.stringify({
        results: [
          { name: "one", description: "first", star_count: 3, is_official: true },
          { name: "two", description: null, star_count: "many" },
          { description: "nameless" },
          null,
        ],
      }),
    ],
    [200, "{}"],
    [404, "no"],
    [200, "nonsense"],
    [200, '{"results":1}'],
  ];
  let next = 0;
  registry.intercept = (request, response) => {
    if (request.url?.startsWith("/v1/search") !== true) return false;
    const [status, text] = answers[next++] ?? [500, ""];
    response.writeHead(status).end(text);
    return true;
  };
  const search = () => sources.search(`${registry.address}/what & ever`, { limit: 7, auth: undefined, signal });
  expect(await search()).toEqual([
    { name: "one", description: "first", stars: 3, isOfficial: true },
    { name: "two", description: "", stars: 0, isOfficial: false },
  ]);
  expect(registry.requests.at(-1)).toBe("GET /v1/search?q=what+%26+ever&n=7");
  expect(await search()).toEqual([]);
  await expect(search()).rejects.toThrow("Unexpected status code 404");
  await expect(search()).rejects.toThrow("is no JSON");
  await expect(search()).rejects.toThrow("no list of results");
});

test("what a registry has under a name, without pulling it", async () => {
  const image = buildImage({ layers: [writeTar([{ path: "a", content: "b" }])], architecture: "arm64" });
  const index = buildIndex([{ image, architecture: "arm64" }]);
  registry.add("app", "one", image);
  registry.add("app", "many", index);
  const describe = (name: string) =>
    sources.describe(withDefaultTag(parseReference(`${registry.address}/${name}`)), undefined, signal);
  const platforms = [{ architecture: "arm64", os: "linux" }];
  for (const [name, item] of [
    ["app:one", image],
    ["app:many", index],
    [`app@${index.digest}`, index],
  ] as const) {
    const digest = `sha256:${createHash("sha256").update(item.manifest).digest("hex")}`;
    const descriptor = { mediaType: item.mediaType, digest, size: item.manifest.length };
    expect(await describe(name)).toMatchObject({ descriptor, platforms, isIndex: name !== "app:one" });
  }
  expect(registry.requests.filter((line) => line.includes("/blobs/"))).toHaveLength(1);
  await expect(describe("gone")).rejects.toThrow("manifest unknown: manifest unknown");
});
