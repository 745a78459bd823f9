import { expect, test } from "bun:test";
import { acceptedType } from "./accepted-type.ts";

const offered = ["application/jsonl", "application/x-ndjson", "application/json-seq"];

test.each([
  [undefined, undefined],
  ["*/*", undefined],
  ["application/*", undefined],
  ["text/html", undefined],
  ["application/json-seq", "application/json-seq"],
  ["application/json-seq;q=0.5, application/x-ndjson", "application/x-ndjson"],
  ["application/x-ndjson, application/jsonl", "application/x-ndjson"],
  ["Application/JSONL; q=0", undefined],
])("%s", (accept, chosen) => {
  expect(acceptedType(accept, offered)).toBe(chosen);
});
