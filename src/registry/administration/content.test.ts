import { afterEach, beforeEach, expect, test } from "bun:test";
import { MEDIA_TYPE } from "#spec/oci/media-types.ts";
import { deleteManifest } from "../manifests/delete-manifest.ts";
import { putManifest } from "../manifests/put-manifest.ts";
import { openTestRegistry } from "../testing/open-test-registry.ts";
import { auditEvents } from "./audit.ts";
import type { Answer, Fields } from "./operation.ts";
import { operations } from "./operations.ts";

const DAY_MS = 86_400_000;
const actor = { name: "ann", request: { id: "r", address: "10.0.0.9", host: "h", method: "PUT", userAgent: "x" } };

let opened: ReturnType<typeof openTestRegistry>;

beforeEach(() => {
  opened = openTestRegistry();
  auditEvents(opened.context);
});
afterEach(() => opened.close());

const perform = async (name: string, fields: Fields): Promise<Answer | undefined> =>
  operations[name]?.(opened.context, fields);

async function rowsOf(name: string, fields: Fields): Promise<readonly (readonly string[])[]> {
  const answer = await perform(name, fields);
  return answer?.kind === "table" ? answer.rows : [];
}

function push(tag: string, text: string): string {
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [], annotations: { text } };
  const bytes = Buffer.from(JSON.stringify(index));
  const request = { repository: "team/app", tags: [], contentType: MEDIA_TYPE.ociIndex, bytes, actor };
  return putManifest(opened.context, { ...request, reference: tag }).digest;
}

/** The day before `days` days from the registry's now, as people write one. */
const day = (ago: number): string => new Date(opened.context.now() - ago * DAY_MS).toISOString().slice(0, 10);

test("what a tag pointed to, at any time", async () => {
  const first = push("latest", "one");
  push("latest", "one");
  opened.advance(2 * DAY_MS);
  const second = push("latest", "two");
  opened.advance(2 * DAY_MS);
  deleteManifest(opened.context, "team/app", "latest", actor);
  const history = (at?: string): Promise<readonly (readonly string[])[]> =>
    rowsOf("history", { reference: "team/app:latest", ...(at === undefined ? {} : { at }) });
  expect((await history()).map(([, digest, who]) => [digest, who])).toEqual([
    ["(deleted)", "ann"],
    [second, "ann"],
    [first, "ann"],
  ]);
  expect((await history(day(4))).map(([, digest]) => digest)).toEqual([first]);
  expect((await history(day(1))).map(([, digest]) => digest)).toEqual([second]);
  expect((await history(day(0))).map(([, digest]) => digest)).toEqual(["(deleted)"]);
  expect(await history(day(9))).toEqual([]);
  await expect(history("yesterday")).rejects.toThrow("is no date");
  await expect(perform("history", { reference: "team/app" })).rejects.toThrow("names no tag and no digest");
  await expect(perform("history", { reference: "none:latest" })).rejects.toThrow("not known to registry");
});

test("who did what", async () => {
  push("v1", "one");
  deleteManifest(opened.context, "team/app", "v1", actor);
  await perform("undelete", { reference: "team/app:v1" });
  await perform("grant-add", { who: "anyone", pattern: "team/*", actions: "pull" });
  expect((await rowsOf("audit", {})).map(([, ...rest]) => rest)).toEqual([
    ["-", "-", "grant.add", expect.stringContaining("team/*")],
    ["-", "-", "undelete", "team/app:v1"],
    ["ann", "10.0.0.9", "delete", "team/app:v1"],
    ["ann", "10.0.0.9", "push", "team/app:v1"],
  ]);
  expect((await rowsOf("audit", { limit: "1" })).length).toBe(1);
});

test("a repository says something about itself, within limits", async () => {
  push("v1", "one");
  await perform("describe", { repository: "team/app", description: "An app", readme: "# App" });
  await perform("describe", { repository: "team/app", description: "The app" });
  expect(opened.context.repositories.find("team/app")).toMatchObject({ description: "The app", readme: "# App" });
  await expect(perform("describe", { repository: "team/app", description: "x".repeat(201) })).rejects.toThrow(
    "200 characters",
  );
  await expect(perform("describe", { repository: "none" })).rejects.toThrow("not known to registry");
});

test("collecting and reading everything tell what they did", async () => {
  push("v1", "one");
  expect(await perform("gc", {})).toMatchObject({ lines: expect.arrayContaining(["blobs: 0 (0 bytes)"]) });
  expect(await perform("scrub", {})).toMatchObject({ lines: ["0 blobs (0 bytes) read, 0 damaged"] });
});
