import { expect, test } from "bun:test";
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { isBerthError } from "#base/errors.ts";
import { readJson } from "./body.ts";

const requestWith = (body: PassThrough): IncomingMessage =>
  Object.assign(body, { headers: { "content-type": "application/json" } }) as unknown as IncomingMessage;

test("a client that leaves in the middle of its body is no fault of the engine", async () => {
  const body = new PassThrough();
  const reading = readJson(requestWith(body)).catch((error: unknown) => error);
  body.write("{");
  body.destroy(new Error("aborted"));
  expect(isBerthError(await reading, "cancelled")).toBe(true);
});

test("a body is read whole", async () => {
  const body = new PassThrough();
  const reading = readJson(requestWith(body));
  body.write('{"a":');
  body.end("1}");
  expect(await reading).toEqual({ a: 1 });
});
