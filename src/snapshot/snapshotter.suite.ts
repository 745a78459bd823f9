import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, statSync, writeFileSync, linkSync, mkdirSync } from "node:fs";
import { isBerthError } from "#base/errors.ts";
import type { Snapshotter } from "./types.ts";

export interface SnapshotterUnderTest {
  readonly snapshotter: Snapshotter;
  /** Layers that exist, bottom first. */
  readonly diffIds: readonly string[];
  /** Names of what lies where snapshots are kept; empty when all are removed. */
  leftovers(): readonly string[];
  dispose(): Promise<void>;
}

/** The contract of {@link Snapshotter}: every implementation passes it. */
export function snapshotterSuite(name: string, open: () => Promise<SnapshotterUnderTest>): void {
  describe(`${name} as a Snapshotter`, () => {
    let under: SnapshotterUnderTest;

    beforeEach(async () => {
      under = await open();
    });

    afterEach(async () => {
      for (const key of await under.snapshotter.keys()) await under.snapshotter.remove(key);
      const left = under.leftovers();
      await under.dispose();
      expect(left).toEqual([]);
    });

    test("prepare makes empty writable directories over the layers, topmost first", async () => {
      const { snapshotter, diffIds } = under;
      const mount = await snapshotter.prepare("one", diffIds);
      expect(mount.lowerDirs).toHaveLength(diffIds.length);
      for (const path of [...mount.lowerDirs, mount.upperDir, mount.workDir])
        expect(statSync(path).isDirectory()).toBe(true);
      expect(readdirSync(mount.upperDir)).toEqual([]);
      expect(statSync(mount.upperDir).mode & 0o7777).toBe(0o755);
      expect(mount.lowerDirs.toReversed()).toEqual(
        [...(await snapshotter.prepare("two", diffIds)).lowerDirs].toReversed(),
      );
      expect((await snapshotter.keys()).toSorted()).toEqual(["one", "two"]);
    });

    test("prepare again finds the same snapshot with its content; other layers are a conflict", async () => {
      const { snapshotter, diffIds } = under;
      const mount = await snapshotter.prepare("again", diffIds);
      writeFileSync(`${mount.upperDir}/kept`, "x");
      expect(await snapshotter.prepare("again", diffIds)).toEqual(mount);
      expect(await snapshotter.mount("again")).toEqual(mount);
      expect(readdirSync(mount.upperDir)).toEqual(["kept"]);
      expect(await kindOf(snapshotter.prepare("again", diffIds.slice(1)))).toBe("conflict");
    });

    test("no layers, and one layer twice", async () => {
      const { snapshotter, diffIds } = under;
      expect((await snapshotter.prepare("scratch", [])).lowerDirs).toHaveLength(1);
      const [bottom = "", top = ""] = diffIds;
      const twice = await snapshotter.prepare("twice", [bottom, top, bottom]);
      const plain = await snapshotter.prepare("plain", [top, bottom]);
      expect(twice.lowerDirs).toEqual(plain.lowerDirs);
    });

    test("usage counts files once and directories not by size", async () => {
      const { snapshotter, diffIds } = under;
      const mount = await snapshotter.prepare("usage", diffIds);
      expect(await snapshotter.usage("usage")).toEqual({ sizeBytes: 0, inodes: 1 });
      mkdirSync(`${mount.upperDir}/d`);
      writeFileSync(`${mount.upperDir}/d/a`, "12345");
      linkSync(`${mount.upperDir}/d/a`, `${mount.upperDir}/b`);
      expect(await snapshotter.usage("usage")).toEqual({ sizeBytes: 5, inodes: 3 });
    });

    test("remove deletes all of it, also twice and at once", async () => {
      const { snapshotter, diffIds } = under;
      const mount = await snapshotter.prepare("gone", diffIds);
      writeFileSync(`${mount.upperDir}/x`, "x");
      await Promise.all([snapshotter.remove("gone"), snapshotter.remove("gone")]);
      await snapshotter.remove("gone");
      await snapshotter.remove("never");
      expect(await kindOf(snapshotter.mount("gone"))).toBe("not-found");
      expect(await kindOf(snapshotter.usage("gone"))).toBe("not-found");
      expect(await snapshotter.keys()).toEqual([]);
      expect(readdirSync((await snapshotter.prepare("gone", diffIds)).upperDir)).toEqual([]);
    });

    test("unknown layers are not found, bad keys refused, and nothing is left of them", async () => {
      const { snapshotter } = under;
      expect(await kindOf(snapshotter.prepare("bad", [`sha256:${"0".repeat(64)}`]))).toBe("not-found");
      for (const key of ["", "..", "a/b", ".x", "x".repeat(200)]) {
        expect(await kindOf(snapshotter.prepare(key, []))).toBe("invalid-parameter");
        expect(await kindOf(snapshotter.remove(key))).toBe("invalid-parameter");
      }
      expect(await snapshotter.keys()).toEqual([]);
    });
  });
}

async function kindOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "fine";
  } catch (error) {
    return isBerthError(error) ? error.kind : String(error);
  }
}
