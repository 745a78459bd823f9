import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { errorCode, imageManifest, serveRegistry, sha, type ServedRegistry } from "./testing/served-registry.ts";

let registry: ServedRegistry;

beforeAll(async () => {
  registry = serveRegistry({ pageSize: 4 });
  for (const tag of ["b", "a", "B", "c10", "c9"]) await registry.pushImage("some/app", tag);
  for (const name of ["zoo", "alpha"]) await registry.pushImage(name, "v1");
});
afterAll(() => registry.stop());

async function list(path: string): Promise<{ names: readonly string[]; next: string | null }> {
  const answer = await registry.send("GET", path);
  expect(answer.status).toBe(200);
  const body = (await answer.json()) as { name?: string; tags?: string[]; repositories?: string[] };
  if (body.tags !== undefined) expect(body.name).toBe("some/app");
  const link = answer.headers.get("link");
  const match = /^<([^>]+)>; rel="next"$/.exec(link ?? "");
  expect(match === null).toBe(link === null);
  return { names: body.tags ?? body.repositories ?? [], next: match?.[1] ?? null };
}

describe("tags", () => {
  test.each([
    ["", ["B", "a", "b", "c10"], true],
    ["?n=2", ["B", "a"], true],
    ["?n=2&last=a", ["b", "c10"], true],
    ["?last=aa", ["b", "c10", "c9"], false],
    ["?n=3&last=a", ["b", "c10", "c9"], false],
    ["?n=0", [], false],
    ["?last=zzz", [], false],
  ])("the list%s", async (query, names, more) => {
    const found = await list(`/v2/some/app/tags/list${query}`);
    expect(found.names).toEqual(names);
    expect(found.next !== null).toBe(more);
  });

  test("following the links gives each once", async () => {
    const all: string[] = [];
    for (let next: string | null = "/v2/some/app/tags/list?n=2"; next !== null;) {
      const page = await list(next);
      all.push(...page.names);
      next = page.next;
    }
    expect(all).toEqual(["B", "a", "b", "c10", "c9"]);
  });

  test("refusals", async () => {
    expect(await errorCode(await registry.send("GET", "/v2/none/tags/list"))).toBe("404 NAME_UNKNOWN");
    expect(await errorCode(await registry.send("GET", "/v2/some/app/tags/list?n=x"))).toBe(
      "400 PAGINATION_NUMBER_INVALID",
    );
  });
});

test("the catalog", async () => {
  expect(await list("/v2/_catalog?n=2")).toEqual({
    names: ["alpha", "some/app"],
    next: "/v2/_catalog?n=2&last=some%2Fapp",
  });
  expect(await list("/v2/_catalog?n=2&last=some%2Fapp")).toEqual({ names: ["zoo"], next: null });
});

describe("referrers", () => {
  const subject = sha("subject");
  const about: string[] = [];

  async function refer(type: string, more: Readonly<Record<string, unknown>>): Promise<void> {
    const [config, layer] = [await registry.pushBlob("some/app", "{}"), await registry.pushBlob("some/app", "layer")];
    const isIndex = type === MEDIA_TYPE.ociIndex;
    const about = { mediaType: MEDIA_TYPE.ociManifest, digest: subject, size: 7 };
    const manifest = isIndex
      ? JSON.stringify({ schemaVersion: 2, mediaType: type, manifests: [], subject: about, ...more })
      : imageManifest(config, layer, { subject: about, ...more });
    const answer = await registry.send("PUT", `/v2/some/app/manifests/${sha(manifest)}`, {
      headers: { "Content-Type": type },
      body: manifest,
    });
    expect([answer.status, answer.headers.get("oci-subject")]).toEqual([201, subject]);
    referrersByDigest.set(sha(manifest), more);
  }
  const referrersByDigest = new Map<string, Readonly<Record<string, unknown>>>();

  beforeAll(async () => {
    await refer(MEDIA_TYPE.ociManifest, { artifactType: "application/sbom", annotations: { of: "sbom" } });
    await refer(MEDIA_TYPE.ociManifest, { artifactType: "application/signature" });
    await refer(MEDIA_TYPE.ociManifest, {});
    await refer(MEDIA_TYPE.ociIndex, {});
    await refer(MEDIA_TYPE.ociIndex, { artifactType: "application/sbom" });
    about.push(...referrersByDigest.keys());
  });

  interface Entry {
    readonly digest: string;
    readonly mediaType: string;
    readonly size: number;
    readonly artifactType?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  }

  async function referrers(path: string): Promise<{ entries: readonly Entry[]; answer: Response }> {
    const answer = await registry.send("GET", path);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, MEDIA_TYPE.ociIndex]);
    const body = (await answer.json()) as { schemaVersion: number; mediaType: string; manifests: Entry[] };
    expect([body.schemaVersion, body.mediaType]).toEqual([2, MEDIA_TYPE.ociIndex]);
    return { entries: body.manifests, answer };
  }

  test("are all listed, page by page, with type and annotations", async () => {
    const all: Entry[] = [];
    for (let next: string | undefined = `/v2/some/app/referrers/${subject}`; next !== undefined;) {
      const { entries, answer } = await referrers(next);
      all.push(...entries);
      next = /^<([^>]+)>/.exec(answer.headers.get("link") ?? "")?.[1];
    }
    expect(all.map(({ digest }) => digest).toSorted()).toEqual(about.toSorted());
    const types = all.map(({ mediaType, artifactType }) => `${mediaType} ${artifactType}`).toSorted();
    expect(types).toEqual([
      `${MEDIA_TYPE.ociIndex} application/sbom`,
      `${MEDIA_TYPE.ociIndex} undefined`,
      `${MEDIA_TYPE.ociManifest} application/sbom`,
      `${MEDIA_TYPE.ociManifest} application/signature`,
      `${MEDIA_TYPE.ociManifest} ${MEDIA_TYPE.ociConfig}`,
    ]);
    expect(all.filter(({ annotations }) => annotations?.["of"] === "sbom").length).toBe(1);
  });

  test("of one type", async () => {
    const { entries, answer } = await referrers(
      `/v2/some/app/referrers/${subject}?artifactType=${encodeURIComponent("application/sbom")}`,
    );
    expect(answer.headers.get("oci-filters-applied")).toBe("artifactType");
    expect(entries.map(({ artifactType }) => artifactType)).toEqual(["application/sbom", "application/sbom"]);
  });

  // What was referred to in a registry without this list is known there by a tag, and comes along when it is copied here.
  test("by the tag schema of registries without referrers", async () => {
    const config = await registry.pushBlob("copied/app", "{}");
    const layer = await registry.pushBlob("copied/app", "layer");
    const of = { mediaType: MEDIA_TYPE.ociManifest, digest: sha("elsewhere"), size: 9 };
    const manifest = imageManifest(config, layer, { subject: of, artifactType: "application/sbom" });
    const entry = { mediaType: MEDIA_TYPE.ociManifest, digest: sha(manifest), size: manifest.length };
    const index = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [entry] });
    for (const [reference, type, body] of [
      [sha(manifest), MEDIA_TYPE.ociManifest, manifest],
      [sha("elsewhere").replace("sha256:", "sha256-"), MEDIA_TYPE.ociIndex, index],
    ] as const) {
      const headers = { "Content-Type": type };
      expect((await registry.send("PUT", `/v2/copied/app/manifests/${reference}`, { headers, body })).status).toBe(201);
    }
    const { entries } = await referrers(`/v2/copied/app/referrers/${sha("elsewhere")}`);
    expect(entries.map(({ digest }) => digest)).toEqual([sha(manifest)]);
  });

  test("of what nobody refers to", async () => {
    for (const path of [`/v2/some/app/referrers/${sha("alone")}`, `/v2/no/such/referrers/${subject}`])
      expect((await referrers(path)).entries).toEqual([]);
    expect(await errorCode(await registry.send("GET", "/v2/some/app/referrers/nonsense"))).toBe("400 DIGEST_INVALID");
  });
});

test("extensions: none", async () => {
  const answer = await registry.send("GET", "/v2/_oci/ext/discover");
  expect([answer.status, await answer.json()]).toEqual([200, { extensions: [] }]);
});
