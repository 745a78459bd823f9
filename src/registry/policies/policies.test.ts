import { afterEach, beforeEach, expect, test } from "bun:test";
import { sha256Digest } from "#base/sha256.ts";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { operations } from "../administration/operations.ts";
import type { Fields } from "../administration/operation.ts";
import { deleteManifest } from "../manifests/delete-manifest.ts";
import { putManifest } from "../manifests/put-manifest.ts";
import { openTestRegistry } from "../testing/open-test-registry.ts";
import { finishUpload } from "../uploads/finish-upload.ts";
import { startUpload } from "../uploads/start-upload.ts";
import { applyRetention, planRetention } from "./retention.ts";

const DAY_MS = 24 * 3_600_000;
const actor = { name: "test" };
let opened: ReturnType<typeof openTestRegistry>;

beforeEach(() => {
  opened = openTestRegistry();
});
afterEach(() => opened.close());

/** An index without entries, told apart by its annotation; `manifests`: entries it has. */
function push(
  repository: string,
  reference: string,
  text = reference,
  more: Readonly<Record<string, unknown>> = {},
): string {
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [], annotations: { text }, ...more };
  const bytes = Buffer.from(JSON.stringify(index));
  const digest = sha256Digest(bytes);
  const request = { repository, tags: [], contentType: MEDIA_TYPE.ociIndex, bytes, actor };
  return putManifest(opened.context, { ...request, reference: reference === "" ? digest : reference }).digest;
}

async function blob(repository: string, text: string): Promise<void> {
  async function* bytes(): AsyncIterable<Uint8Array> {
    yield await Promise.resolve(Buffer.from(text));
  }
  const id = await startUpload(opened.context, repository);
  const digest = sha256Digest(text);
  await finishUpload(opened.context, repository, id, { digest, chunk: { bytes: bytes() }, actor });
}

const perform = async (name: string, fields: Fields): Promise<unknown> => operations[name]?.(opened.context, fields);
const policy = (pattern: string, fields: Fields): Promise<unknown> => perform("policy-set", { pattern, ...fields });

test("an immutable tag is set once", async () => {
  await policy("team/*", { immutable: "v*" });
  const digest = push("team/app", "v1", "one");
  push("team/app", "latest", "one");
  expect(push("team/app", "v1", "one")).toBe(digest);
  expect(() => push("team/app", "v1", "two")).toThrow("the tag v1 is immutable");
  for (const reference of ["v1", digest])
    expect(() => deleteManifest(opened.context, "team/app", reference, actor)).toThrow("the tag v1 is immutable");
  push("team/app", "latest", "two");
  push("other/app", "v1", "one");
  push("other/app", "v1", "two");
  await perform("policy-rm", { pattern: "team/*" });
  push("team/app", "v1", "two");
});

test("retention keeps what is new or named, tells before it acts, and can be undone", async () => {
  for (const tag of ["old", "release-1", "v1", "v2"]) {
    push("app", tag);
    opened.advance(23 * 3_600_000);
  }
  push("app", "v3");
  await policy("a*", { keepLast: "1" });
  await policy("app", { keepDays: "1", keepTags: "release-*" });
  const expected = ["old", "v1"].toSorted();
  const planned = planRetention(opened.context);
  expect(planned.map(({ reference }) => reference).toSorted()).toEqual(expected);
  expect(await perform("retention", { "dry-run": "true" })).toMatchObject({ rows: { length: 2 } });
  expect(planRetention(opened.context).length).toBe(2);
  expect(applyRetention(opened.context, planned)).toBe(2);
  expect(planRetention(opened.context)).toEqual([]);
  await perform("undelete", { reference: "app:v1" });
  const { id } = opened.context.repositories.find("app") ?? { id: 0 };
  expect(opened.context.tags.page(id, "", 10).map(({ name }) => name)).toEqual(["release-1", "v1", "v2", "v3"]);
});

test("manifests without a tag go unless something that stays needs them", async () => {
  const child = push("app", "", "child");
  const loose = push("app", "", "loose");
  const { id } = opened.context.repositories.find("app") ?? { id: 0 };
  const size = opened.context.manifests.find(id, child)?.sizeBytes;
  const entry = { mediaType: MEDIA_TYPE.ociIndex, digest: child, size };
  const parent = push("app", "latest", "parent", { manifests: [entry] });
  push("app", "", "about", { subject: { ...entry, digest: parent } });
  await policy("*", { untaggedDays: "3" });
  expect(planRetention(opened.context)).toEqual([]);
  opened.advance(4 * DAY_MS);
  expect(planRetention(opened.context).map(({ reference }) => reference)).toEqual([loose]);
});

test("a quota counts each blob once", async () => {
  await policy("team/*", { quota: "10" });
  await blob("team/a", "12345");
  await blob("team/b", "12345");
  await blob("team/b", "678");
  let refusal = await blob("team/a", "9abc").catch(String);
  expect(refusal).toContain("quota exceeded: 8B of 10B are used by team/*");
  await blob("other", "9abc");
  await blob("team/a", "9a");
  refusal = await blob("team/c", "x").catch(String);
  expect(refusal).toContain("quota exceeded");
  expect(await perform("policy-ls", {})).toMatchObject({ rows: [["team/*", "-", "-", "-", "-", "-", "10B of 10B"]] });
});

test("a policy says something, and in the right words", async () => {
  for (const fields of [{}, { keepLast: "x" }, { immutable: "v(1)" }, { quota: "lots" }])
    expect(
      await policy("a", fields as Fields).then(
        () => "fine",
        () => "refused",
      ),
    ).toBe("refused");
});
