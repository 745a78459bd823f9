import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { isBerthError } from "#base/errors.ts";
import { BlobStore } from "./blob-store.ts";

let root = "";
let store: BlobStore;

beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/berth-blobs-`);
  for (const name of ["ingest", "blobs/sha256", "blobs/sha512"]) mkdirSync(`${root}/${name}`, { recursive: true });
  store = new BlobStore({
    paths: {
      blobsDir: `${root}/blobs`,
      ingestDir: `${root}/ingest`,
      blob: (digest) => `${root}/blobs/${digest.replace(":", "/")}`,
    },
  });
});

afterEach(() => {
  const unfinished = readdirSync(`${root}/ingest`);
  rmSync(root, { recursive: true, force: true });
  expect(unfinished).toEqual([]);
});

const digestOf = (bytes: Uint8Array, algorithm = "sha256"): string =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;

async function kindOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => "fine",
    (error: unknown) => (isBerthError(error) ? error.kind : error),
  );
}

test.each(["sha256", "sha512"])("a blob written in pieces is there when committed, by %s", async (algorithm) => {
  const bytes = Buffer.alloc(3_000_000, "abc");
  const digest = digestOf(bytes, algorithm);
  const ingest = store.begin({ digest, size: bytes.length });
  const seen: number[] = [];
  ingest.onWritten((size) => seen.push(size));
  for (let at = 0; at < bytes.length; at += 70_000) await ingest.write(bytes.subarray(at, at + 70_000));
  expect(store.has(digest)).toBe(false);
  await ingest.commit();
  await ingest.abort();
  expect(seen.at(-1)).toBe(bytes.length);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(readFileSync(store.path(digest)).equals(bytes)).toBe(true);
  expect(store.sizeOf(digest)).toBe(bytes.length);
  await store.verify(digest);
  expect(store.list()).toEqual([digest]);
  expect([store.delete(digest), store.delete(digest)]).toEqual([true, false]);
});

test("what does not hash, is too short or too long never gets its name", async () => {
  const digest = digestOf(Buffer.from("right"));
  for (const [text, size] of [
    ["wrong", 5],
    ["right", 6],
    ["right", 4],
    ["rightright", undefined],
  ] as const) {
    const ingest = store.begin({ digest, size });
    const work = async (): Promise<void> => {
      await ingest.write(Buffer.from(text));
      await ingest.commit();
    };
    expect(await kindOf(work())).toBe("data-loss");
    await ingest.abort();
  }
  expect(store.list()).toEqual([]);
});

test("small blobs; damage is seen; missing ones are not found", async () => {
  const bytes = Buffer.from("{}");
  const digest = digestOf(bytes);
  await store.put(digest, bytes, { durable: true });
  await store.put(digest, bytes, { durable: false });
  expect(Buffer.from(store.read(digest, 10)).toString()).toBe("{}");
  expect(() => store.read(digest, 1)).toThrow("larger than");
  writeFileSync(store.path(digest), "[]");
  expect(await kindOf(store.verify(digest))).toBe("data-loss");
  const missing = digestOf(Buffer.from("missing"));
  expect(await kindOf(store.verify(missing))).toBe("not-found");
  expect(() => store.read(missing, 10)).toThrow("not found");
  expect(() => store.path("sha256:../../etc/passwd")).toThrow("invalid digest");
});

test("what a killed process left is removed at start", () => {
  writeFileSync(`${root}/ingest/abc`, "partial");
  store.reconcile();
  expect(readdirSync(`${root}/ingest`)).toEqual([]);
});
