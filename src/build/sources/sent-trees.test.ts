import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ByteReader } from "#base/byte-reader.ts";
import { ChunkStore } from "./chunk-store.ts";
import { SentTrees } from "./sent-trees.ts";

let directory: string;
let now = 1_000_000;
let trees: SentTrees;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-chunks-"));
  trees = new SentTrees({ chunks: new ChunkStore({ directory, maxBytes: 8, nowMs: () => now }), nowMs: () => now });
});
afterEach(() => rmSync(directory, { recursive: true }));

const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
const offer = (...chunks: readonly string[]): ReturnType<SentTrees["offer"]> =>
  trees.offer(Buffer.concat(chunks.map(hash)));

function body(...chunks: readonly string[]): ByteReader {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (const text of chunks) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(text.length);
      for (const byte of Buffer.concat([length, Buffer.from(text)])) yield Uint8Array.of(byte);
    }
  }
  return new ByteReader(pieces());
}

async function archive(id: string, from: ByteReader): Promise<string> {
  let text = "";
  for await (const chunk of trees.archive(id, from)) text += Buffer.from(chunk).toString();
  return text;
}
const kept = (): number => readdirSync(directory).flatMap((folder) => readdirSync(join(directory, folder))).length;

test("what is lacking is asked for once, and known the next time", async () => {
  const first = offer("one", "two", "one");
  expect(first.lacks).toEqual([0, 1]);
  expect(await archive(first.id, body("one", "two"))).toBe("onetwoone");
  const second = offer("two", "new", "one");
  expect(second.lacks).toEqual([1]);
  expect(await archive(second.id, body("new"))).toBe("twonewone");
  expect(archive(second.id, body())).rejects.toMatchObject({ kind: "not-found" });
});

test("other chunks than those that were offered, too few and monstrous ones are refused", async () => {
  const wrong = (texts: readonly string[], from: ByteReader): Promise<string> => archive(offer(...texts).id, from);
  await expect(wrong(["a"], body("b"))).rejects.toThrow("chunk 0 of the tree is not the one that was offered");
  await expect(wrong(["a"], body())).rejects.toThrow("end too early");
  await expect(wrong(["a"], body(""))).rejects.toThrow("a chunk of 0 bytes");
  const huge = new ByteReader(
    (async function* () {
      yield Uint8Array.of(255, 0, 0, 0);
    })(),
  );
  await expect(wrong(["a"], huge)).rejects.toThrow("a chunk of");
  expect(() => trees.offer(new Uint8Array(33))).toThrow("hashes of 32 bytes");
  expect(kept()).toBe(0);
});

test("the least recently used ones go, but none of a tree that is offered", async () => {
  await archive(offer("aaaa", "bbbb").id, body("aaaa", "bbbb"));
  now += 1000;
  const next = offer("aaaa", "cccc");
  await archive(next.id, body("cccc"));
  trees.sweep();
  expect(offer("bbbb").lacks).toEqual([0]);
  const held = offer("aaaa", "cccc");
  expect(held.lacks).toEqual([]);
  expect(trees.clear()).toBe(0);
  now += 11 * 60_000;
  expect(archive(held.id, body())).resolves.toBe("aaaacccc");
  expect(trees.clear()).toBe(8);
  expect(kept()).toBe(0);
});
