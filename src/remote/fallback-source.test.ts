import { expect, test } from "bun:test";
import { BerthError, messageOf } from "#base/errors.ts";
import type { ImageSource } from "#image/source.ts";
import { FallbackSource } from "./fallback-source.ts";

const signal = new AbortController().signal;
const blob = { mediaType: "", digest: "", size: 6 };
const options = { signal, onRetry: () => {} };

function source(tag: string | Error, chunks: readonly (string | Error)[]): ImageSource {
  return {
    async manifest() {
      if (tag instanceof Error) throw tag;
      return { mediaType: tag, digest: "", bytes: new Uint8Array() };
    },
    async tags() {
      if (tag instanceof Error) throw tag;
      return [tag];
    },
    async *blob(_blob, { offset = 0 }) {
      let skip = offset;
      for (const chunk of chunks) {
        if (chunk instanceof Error) throw chunk;
        const rest = chunk.slice(skip);
        skip = Math.max(0, skip - chunk.length);
        if (rest !== "") yield Buffer.from(rest);
      }
    },
  };
}

async function text(from: ImageSource): Promise<string> {
  let all = "";
  for await (const chunk of from.blob(blob, options)) all += Buffer.from(chunk).toString();
  return all;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(() => "fine", messageOf);
}

test("the first that answers is taken, the last error counts", async () => {
  const missing = source(new BerthError("not-found", "mirror"), []);
  const both = new FallbackSource([missing, source("hub", [])]);
  expect((await both.manifest({ tag: "x" }, signal)).mediaType).toBe("hub");
  expect(await both.tags(signal)).toEqual(["hub"]);
  const neither = new FallbackSource([missing, source(new BerthError("not-found", "hub"), [])]);
  expect(await refusal(neither.tags(signal))).toBe("hub");
});

test("a blob goes on where the first place broke off", async () => {
  const broken = source("m", ["ab", new Error("gone")]);
  expect(await text(new FallbackSource([broken, source("h", ["a", "bcd", "ef"])]))).toBe("abcdef");
  expect(await text(new FallbackSource([source("m", ["abcdef"]), broken]))).toBe("abcdef");
});

test("who gives up is not served elsewhere", async () => {
  const cancelled = new BerthError("cancelled", "context canceled");
  const both = new FallbackSource([source(cancelled, [cancelled]), source("hub", ["abcdef"])]);
  expect(await refusal(both.manifest({ tag: "x" }, signal))).toBe("context canceled");
  expect(await refusal(text(both))).toBe("context canceled");
});
