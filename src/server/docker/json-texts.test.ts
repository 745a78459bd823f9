import { expect, test } from "bun:test";
import { JsonTexts } from "./json-texts.ts";
import type { JsonReply } from "./reply.ts";
import { apiVersion } from "./versions/api-version.ts";

const newest = apiVersion("1.56");

/** Counts how often it is made text. */
function summary(fields: Record<string, unknown> = {}) {
  const counted = { printed: 0, toJSON: () => (counted.printed++, { Id: "a", ...fields }) };
  return counted;
}

const listOf = (body: unknown, lasting = true): JsonReply => ({
  kind: "json",
  status: 200,
  body,
  shape: "container-list",
  lasting,
});

test("an item that lasts is made text once, and anew when it is another object", () => {
  const texts = new JsonTexts();
  const [one, other] = [summary(), summary()];
  for (let round = 0; round < 3; round += 1) expect(texts.print(listOf([one]), newest).text).toBe('[{"Id":"a"}]\n');
  expect(texts.print(listOf([one, other]), newest).text).toBe('[{"Id":"a"},{"Id":"a"}]\n');
  expect([one.printed, other.printed]).toEqual([1, 1]);
  texts.print(listOf([one], false), newest);
  expect(one.printed).toBe(2);
});

test("versions that tell the same share the text, others have their own", () => {
  const texts = new JsonTexts();
  const item = { Id: "a", Health: { Status: "none" }, ImageManifestDescriptor: { size: 1 } };
  const printed = (version: string): unknown =>
    Object.keys((JSON.parse(texts.print(listOf([item]), apiVersion(version)).text) as [object])[0]);
  expect(printed("1.52")).toEqual(["Id", "Health", "ImageManifestDescriptor"]);
  expect(printed("1.51")).toEqual(["Id", "ImageManifestDescriptor"]);
  expect(printed("1.41")).toEqual(["Id"]);
  expect(printed("1.56")).toEqual(["Id", "Health", "ImageManifestDescriptor"]);
  expect(texts.print(listOf([]), newest).text).toBe("[]\n");
});
