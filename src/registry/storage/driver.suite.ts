import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { isBerthError } from "#base/errors.ts";
import type { StorageDriver } from "./driver.ts";

/** What every driver must do. `open` makes an empty one; `damage` changes a stored blob's bytes behind its back. */
export function storageDriverSuite(
  name: string,
  open: () => Promise<{
    readonly driver: StorageDriver;
    damage(digest: string): Promise<void>;
    close(): Promise<void>;
  }>,
): void {
  describe(`${name} as a storage driver`, () => {
    let opened: Awaited<ReturnType<typeof open>>;
    let driver: StorageDriver;

    beforeEach(async () => {
      opened = await open();
      driver = opened.driver;
    });
    afterEach(() => opened.close());

    const digestOf = (text: string, algorithm = "sha256"): string =>
      `${algorithm}:${createHash(algorithm).update(text).digest("hex")}`;

    async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
      let text = "";
      for await (const chunk of chunks) text += Buffer.from(chunk).toString();
      return text;
    }

    async function append(id: string, offset: number, ...texts: string[]): Promise<void> {
      const writer = await driver.append(id, offset);
      try {
        for (const text of texts) await writer.write(Buffer.from(text));
      } finally {
        await writer.finish();
      }
    }

    async function store(text: string, algorithm = "sha256"): Promise<string> {
      const digest = digestOf(text, algorithm);
      await driver.begin("one");
      if (text !== "") await append("one", 0, text);
      await driver.commit("one", digest);
      return digest;
    }

    const kindOf = (work: () => Promise<unknown>): Promise<unknown> =>
      Promise.resolve()
        .then(work)
        .then(
          () => "fine",
          (error: unknown) => (isBerthError(error) ? error.kind : error),
        );

    test.each(["sha256", "sha512"])("an upload grows in pieces and becomes a blob, by %s", async (algorithm) => {
      const digest = digestOf("hello world", algorithm);
      await driver.begin("up");
      expect(await driver.uploadSize("up")).toBe(0);
      await append("up", 0, "hel", "lo");
      await append("up", 5, " world");
      expect(await driver.uploadSize("up")).toBe(11);
      expect(await textOf(driver.readUpload("up"))).toBe("hello world");
      expect((await driver.uploads()).map(({ id }) => id)).toEqual(["up"]);
      expect(await driver.stat(digest)).toBeUndefined();
      const stored = await driver.commit("up", digest);
      expect(stored.sizeBytes).toBe(11);
      expect(await driver.stat(digest)).toEqual(stored);
      expect(await textOf(driver.read(digest, 0))).toBe("hello world");
      expect(await textOf(driver.read(digest, 6))).toBe("world");
      expect(await driver.uploadSize("up")).toBeUndefined();
      expect(await driver.uploads()).toEqual([]);
    });

    test("appending drops what lies behind the offset", async () => {
      await driver.begin("up");
      await append("up", 0, "hello torn");
      await append("up", 5, "!");
      expect(await textOf(driver.readUpload("up"))).toBe("hello!");
      await driver.discard("up");
      await driver.discard("up");
      expect(await driver.uploadSize("up")).toBeUndefined();
    });

    test("nothing at all is a blob too; a blob may be stored again", async () => {
      const digest = await store("");
      expect((await driver.stat(digest))?.sizeBytes).toBe(0);
      expect(await textOf(driver.read(digest, 0))).toBe("");
      expect(await store("")).toBe(digest);
    });

    test("the list, removal, and what is not there", async () => {
      const digests = [await store("a"), await store("b", "sha512")];
      const listed = await Array.fromAsync(driver.blobs());
      expect(listed.map(({ digest }) => digest).toSorted()).toEqual(digests.toSorted());
      for (const { storedAtMs } of listed) expect(storedAtMs).toBeGreaterThan(1_600_000_000_000);
      expect([await driver.remove(digests[0] ?? ""), await driver.remove(digests[0] ?? "")]).toEqual([true, false]);
      expect(await driver.stat(digests[0] ?? "")).toBeUndefined();
      expect(await kindOf(() => textOf(driver.read(digests[0] ?? "", 0)))).toBe("not-found");
      expect(await kindOf(() => driver.append("none", 0))).toBe("not-found");
      expect(await kindOf(() => driver.stat("sha256:../../x"))).toBe("invalid-parameter");
      expect(await kindOf(() => driver.begin("../x"))).toBe("invalid-parameter");
    });

    test("changed bytes have another version, and can be taken out of the way", async () => {
      const digest = await store("sound");
      const before = await driver.stat(digest);
      await opened.damage(digest);
      expect((await driver.stat(digest))?.version).not.toBe(before?.version ?? "");
      await driver.quarantine(digest);
      await driver.quarantine(digest);
      expect(await driver.stat(digest)).toBeUndefined();
      expect(await Array.fromAsync(driver.blobs())).toEqual([]);
    });
  });
}
