import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../lab/paths.ts";
import { mustRun } from "../lab/command.ts";
import { writeCpio } from "./cpio-writer.ts";
import { loadOrder } from "./kernel.ts";

test("modules load after what they need", () => {
  const index = [
    "kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko",
    "kernel/fs/jbd2/jbd2.ko: kernel/crypto/crc32c_generic.ko",
    "kernel/fs/mbcache.ko:",
    "kernel/lib/crc16.ko:",
    "kernel/crypto/crc32c_generic.ko:",
    "kernel/drivers/virtio/virtio-blk.ko.xz:",
  ].join("\n");
  expect(loadOrder(index, ["virtio_blk", "built_in", "ext4"])).toEqual([
    "kernel/drivers/virtio/virtio-blk.ko.xz",
    "kernel/lib/crc16.ko",
    "kernel/fs/mbcache.ko",
    "kernel/crypto/crc32c_generic.ko",
    "kernel/fs/jbd2/jbd2.ko",
    "kernel/fs/ext4/ext4.ko",
  ]);
});

test("the archive starts with the magic, is aligned and ends with its trailer", async () => {
  const archive = writeCpio([
    { path: "init", mode: 0o755, content: Buffer.from("#!/bin/sh\n") },
    { path: "a/b/c", mode: 0o644, content: Buffer.from("abc") },
  ]);
  expect(Buffer.from(archive.subarray(0, 6)).toString()).toBe("070701");
  expect(archive.length % 4).toBe(0);
  expect(Buffer.from(archive).toString("latin1")).toContain("TRAILER!!!");
  const cpio = findProgram("cpio");
  if (cpio === undefined) return;
  const dir = mkdtempSync(join(tmpdir(), "berth-cpio-"));
  try {
    writeFileSync(join(dir, "x"), archive);
    expect(await mustRun([cpio, "-t", "--quiet", "-F", join(dir, "x")])).toBe("a\na/b\ninit\na/b/c\n");
  } finally {
    rmSync(dir, { recursive: true });
  }
});
