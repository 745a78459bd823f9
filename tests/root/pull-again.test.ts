/** Pulls that were cut off, by people, registries and the engine's end, go on with what is missing. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { buildImage, type BuiltImage } from "../../tools/lab/image-writer.ts";
import { writeTar } from "../../tools/lab/tar-writer.ts";
import { openImageFixture, type ImageFixture } from "./image-fixture.ts";
import { answerError, sendBytes, startFaultyRegistry, type FaultyRegistry } from "./image-registry.ts";

const MIB = 1 << 20;
let fixture: ImageFixture;
let registry: FaultyRegistry;
const first = randomBytes(3 * MIB);
const second = randomBytes(6 * MIB);
let built: BuiltImage;
let blobs: readonly string[] = [];

beforeEach(async () => {
  if (process.getuid?.() !== 0) throw new Error("root tests need root");
  registry = await startFaultyRegistry();
  fixture = await openImageFixture();
  built = buildImage({
    layers: [writeTar([{ path: "a", content: first }]), writeTar([{ path: "b", content: second }])],
    compression: "none",
  });
  blobs = (JSON.parse(Buffer.from(built.manifest).toString()) as { layers: { digest: string }[] }).layers.map(
    ({ digest }) => digest,
  );
  registry.add("app", "latest", built);
});

afterEach(async () => {
  await fixture.dispose();
  await registry.close();
});

const partials = (): readonly string[] => readdirSync(fixture.layout.ingestDir);

/** Pull until half of the second layer came, and give up then. */
async function cutOff(): Promise<void> {
  const stop = new AbortController();
  registry.intercept = (request, response) => {
    if (request.url?.endsWith(blobs[1] ?? "-") !== true) return false;
    const bytes = built.blobs.get(blobs[1] ?? "") ?? new Uint8Array();
    response.writeHead(200, { "content-length": bytes.length }).write(bytes.subarray(0, 3 * MIB));
    return true;
  };
  const pulling = fixture.pull(`${registry.address}/app`, { signal: stop.signal });
  const partial = `${fixture.layout.ingestDir}/${blobs[1]?.replace(":", "-")}.partial`;
  const received = (): number => statSync(partial, { throwIfNoEntry: false })?.size ?? 0;
  while (!fixture.blobs.has(blobs[0] ?? "") || received() < 2 * MIB) await Bun.sleep(5);
  stop.abort();
  await expect(pulling).rejects.toMatchObject({ kind: "cancelled" });
  registry.intercept = () => false;
  registry.requests.splice(0);
}

async function pullsWhole(): Promise<void> {
  const { image } = await fixture.pull(`${registry.address}/app`);
  expect(readFileSync(`${image.layers[1]?.path}/b`).equals(second)).toBe(true);
  expect(readFileSync(`${image.layers[0]?.path}/a`).equals(first)).toBe(true);
  expect(partials()).toEqual([]);
}

test("a pull that was given up goes on where it stopped, also after the engine's end", async () => {
  for (const again of [async () => {}, async () => void (fixture = await fixture.reopen())]) {
    await cutOff();
    expect(partials()).toEqual([`${blobs[1]?.replace(":", "-")}.partial`]);
    await again();
    const ranges: string[] = [];
    registry.intercept = (request) => {
      if (request.url?.includes("/blobs/") === true) ranges.push(`${request.url.slice(-64)} ${request.headers.range}`);
      return false;
    };
    await pullsWhole();
    const layers = ranges.filter((line) => blobs.some((digest) => line.startsWith(digest.slice(7))));
    expect(layers).toHaveLength(1);
    expect(layers[0]).toMatch(new RegExp(`^${blobs[1]?.slice(7)} bytes=[0-9]{7,}-$`));
    await fixture.images.remove({ nameOrId: `${registry.address}/app`, force: false, prune: true, users: [] });
  }
});

test("what was kept but is damaged, or what a registry makes of it, is fetched anew", async () => {
  await cutOff();
  const partial = `${fixture.layout.ingestDir}/${partials()[0]}`;
  writeFileSync(partial, randomBytes(statSync(partial).size));
  // The finished blob that no image vouches for, too.
  writeFileSync(fixture.blobs.path(blobs[0] ?? ""), randomBytes(3 * MIB));
  await pullsWhole();
});

test("a registry that ignores Range, and one that gives up for good", async () => {
  await cutOff();
  registry.intercept = (request, response) => {
    if (request.url?.endsWith(blobs[1] ?? "-") !== true) return false;
    answerError(response, 404, "BLOB_UNKNOWN", "blob unknown to registry");
    return true;
  };
  await expect(fixture.pull(`${registry.address}/app`)).rejects.toThrow("blob unknown");
  registry.intercept = (request, response) => {
    if (request.url?.endsWith(blobs[1] ?? "-") !== true) return false;
    delete request.headers.range;
    sendBytes(request, response, built.blobs.get(blobs[1] ?? "") ?? new Uint8Array());
    return true;
  };
  await pullsWhole();
});

test("what nobody came back for is removed after a day", async () => {
  await cutOff();
  const partial = `${fixture.layout.ingestDir}/${partials()[0]}`;
  for (const path of [partial, fixture.blobs.path(blobs[0] ?? "")]) utimesSync(path, 1, 1);
  fixture = await fixture.reopen();
  expect(fixture.unfinished()).toEqual([]);
  expect(fixture.blobs.list()).toEqual([]);
});

test("a limit of requests is waited for, with a line, unless it takes too long", async () => {
  let limited = 0;
  registry.intercept = (request, response) => {
    if (request.url?.includes("/manifests/") !== true || limited++ > 0) return false;
    answerError(response, 429, "TOOMANYREQUESTS", "slow down", { "retry-after": "1" });
    return true;
  };
  const { lines } = await fixture.pull(`${registry.address}/app`);
  expect(lines[0]?.status).toBe("The registry limits the rate of requests: going on in 1 second");
  registry.intercept = (request, response) => {
    if (request.url?.includes("/manifests/") !== true) return false;
    answerError(response, 429, "TOOMANYREQUESTS", "you have reached your pull rate limit", { "retry-after": "86400" });
    return true;
  };
  await expect(fixture.pull(`${registry.address}/app`)).rejects.toThrow(
    "toomanyrequests: you have reached your pull rate limit",
  );
});
