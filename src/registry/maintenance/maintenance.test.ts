import { afterEach, beforeEach, expect, test } from "bun:test";
import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import { isBerthError } from "#base/errors.ts";
import { sha256Digest } from "#base/sha256.ts";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { findBlob } from "../blobs/find-blob.ts";
import { mountBlob } from "../blobs/mount-blob.ts";
import { deleteManifest, undeleteManifest } from "../manifests/delete-manifest.ts";
import { findManifest } from "../manifests/find-manifest.ts";
import { putManifest } from "../manifests/put-manifest.ts";
import { defaultSettings } from "../settings.ts";
import { openTestRegistry } from "../testing/open-test-registry.ts";
import { appendUpload } from "../uploads/append-upload.ts";
import { finishUpload } from "../uploads/finish-upload.ts";
import { startUpload } from "../uploads/start-upload.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { scrub } from "./scrub.ts";

let opened: ReturnType<typeof openTestRegistry>;
const actor = { name: "test" };
const { graceMs, undeleteMs } = defaultSettings;

beforeEach(() => {
  opened = openTestRegistry();
});
afterEach(() => opened.close());

async function* bytesOf(text: string): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}

async function blob(repository: string, text: string): Promise<string> {
  const digest = sha256Digest(text);
  const id = await startUpload(opened.context, repository);
  await finishUpload(opened.context, repository, id, { digest, chunk: { bytes: bytesOf(text) }, actor });
  return digest;
}

async function image(repository: string, tag: string, text: string): Promise<{ digest: string; layer: string }> {
  const [config, layer] = [await blob(repository, "{}"), await blob(repository, text)];
  const manifest = {
    schemaVersion: 2,
    config: { mediaType: MEDIA_TYPE.ociConfig, digest: config, size: 2 },
    layers: [{ mediaType: MEDIA_TYPE.ociLayer, digest: layer, size: text.length }],
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const request = { repository, reference: tag, tags: [], contentType: MEDIA_TYPE.ociManifest, bytes, actor };
  return { digest: putManifest(opened.context, request).digest, layer };
}

const isThere = (repository: string, digest: string): Promise<boolean> =>
  findBlob(opened.context, repository, digest).then(
    () => true,
    (error: unknown) => {
      if (isBerthError(error, "not-found")) return false;
      throw error;
    },
  );

test("what is tagged, young or shared stays", async () => {
  const { layer } = await image("app", "v1", "layer");
  opened.advance(graceMs + undeleteMs);
  const young = await blob("app", "young");
  const collected = await collectGarbage(opened.context);
  expect(collected).toEqual({ manifests: 0, blobs: 0, bytes: 0, uploads: 0, orphans: 0, repositories: 0 });
  expect(await scrub(opened.context)).toEqual({ blobs: 3, bytes: 12, damaged: [] });
  expect([await isThere("app", layer), await isThere("app", young)]).toEqual([true, true]);
});

test("a deleted image can be brought back until its time is over", async () => {
  const { digest, layer } = await image("app", "v1", "layer");
  deleteManifest(opened.context, "app", digest, actor);
  opened.advance(undeleteMs - 1000);
  await collectGarbage(opened.context);
  undeleteManifest(opened.context, "app", "v1", actor);
  expect(findManifest(opened.context, "app", "v1").digest).toBe(digest);
  expect(await isThere("app", layer)).toBe(true);
  deleteManifest(opened.context, "app", digest, actor);
  opened.advance(undeleteMs + 1000);
  expect(await collectGarbage(opened.context)).toMatchObject({ manifests: 1, blobs: 2, bytes: 7, repositories: 1 });
  expect(await isThere("app", layer)).toBe(false);
  expect(opened.context.repositories.find("app")).toBeUndefined();
  expect(() => undeleteManifest(opened.context, "app", "v1", actor)).toThrow("repository name not known");
});

test("a blob goes with the last repository that has it", async () => {
  const layer = await blob("one", "layer");
  opened.advance(graceMs - 1000);
  mountBlob(opened.context, "two", layer, { name: "one" }, actor);
  opened.advance(2000);
  expect(await collectGarbage(opened.context)).toMatchObject({ blobs: 0 });
  expect([await isThere("one", layer), await isThere("two", layer)]).toEqual([false, true]);
  opened.advance(graceMs);
  // Whoever saw it may leave it out of a push.
  expect(await isThere("two", layer)).toBe(true);
  await collectGarbage(opened.context);
  expect(await isThere("two", layer)).toBe(true);
  opened.advance(graceMs + 1000);
  expect(await collectGarbage(opened.context)).toMatchObject({ blobs: 1, bytes: 5 });
});

test("uploads that nobody goes on with go, and so do files without a row", async () => {
  const id = await startUpload(opened.context, "app");
  await appendUpload(opened.context, "app", id, { bytes: bytesOf("half") });
  const stray = "ab".padEnd(64, "0");
  await blob("app", "keeps a bucket folder");
  const [bucket = ""] = readdirSync(`${opened.root}/blobs/sha256`);
  const path = `${opened.root}/blobs/sha256/${bucket}/${bucket}${stray.slice(2)}`;
  writeFileSync(path, "orphan");
  expect(await collectGarbage(opened.context)).toMatchObject({ uploads: 0, orphans: 0 });
  utimesSync(path, 1, 1);
  utimesSync(`${opened.root}/uploads/${id}`, 1, 1);
  expect(await collectGarbage(opened.context)).toMatchObject({ uploads: 1, orphans: 1 });
  expect(readdirSync(`${opened.root}/uploads`)).toEqual([]);
});

test("pushes while it collects lose nothing", async () => {
  for (let round = 0; round < 5; round += 1) {
    const layer = await blob("app", "same");
    // Files carry the real time, so the rows are made old instead of the clock moved.
    opened.context.database.exec("UPDATE repository_blobs SET touched_at = 0");
    const [, again] = await Promise.all([collectGarbage(opened.context), image("app", `v${round}`, "same")]);
    expect(again.layer).toBe(layer);
    expect(await isThere("app", layer)).toBe(true);
    expect((await scrub(opened.context)).damaged).toEqual([]);
    deleteManifest(opened.context, "app", again.digest, actor);
    opened.context.database.exec("UPDATE manifests SET deleted_at = 0");
  }
});

test("damage is found before it is served, and healed by a push", async () => {
  const { layer } = await image("app", "v1", "layer");
  const path = opened.context.storage.localPath(layer) ?? "";
  writeFileSync(path, "rotte");
  expect(await isThere("app", layer)).toBe(false);
  expect(readdirSync(`${opened.root}/quarantine`).length).toBe(1);
  await blob("app", "layer");
  expect(await isThere("app", layer)).toBe(true);
  writeFileSync(path, "short");
  expect((await scrub(opened.context)).damaged).toEqual([layer]);
  await blob("app", "layer");
  // Touched, but not changed.
  utimesSync(path, 5, 5);
  expect(await isThere("app", layer)).toBe(true);
});
