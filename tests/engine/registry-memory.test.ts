/** What our registry takes of memory while it hands out large blobs to many, and takes one. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { openSync, closeSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { startBerthRegistry, type RunningBerthRegistry } from "../../tools/lab/berth-registry.ts";
import { mustRun } from "../../tools/lab/command.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";

setDefaultTimeout(300_000);

const MIB = 1 << 20;
const BLOB_MIB = 256;
const CLIENTS = 16;
/** Of 1 GiB each; smaller ones would show it as well if any of it stayed in memory. */
const MOST_MIB = 150;

let scratch = "";
let registry: RunningBerthRegistry;
let digest = "";

/** The most memory that was resident at any time. */
const peakMiB = (): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${registry.daemon.pid}/status`, "utf8"))?.[1]) / 1024;

beforeAll(async () => {
  scratch = makeScratch("registry-memory");
  registry = await startBerthRegistry({ dir: scratch });
  const hash = createHash("sha256");
  const file = openSync(join(scratch, "blob"), "w");
  for (let at = 0; at < BLOB_MIB; at++) {
    const piece = Buffer.alloc(MIB, `piece ${at} `);
    hash.update(piece);
    writeSync(file, piece);
  }
  closeSync(file);
  digest = `sha256:${hash.digest("hex")}`;
});

afterAll(async () => {
  await registry?.daemon.stop();
  removeScratch(scratch);
});

test("a large blob is taken, and handed to many at once, in little memory", async () => {
  const begun = await fetch(`http://${registry.address}/v2/app/blobs/uploads/`, { method: "POST" });
  const location = new URL(begun.headers.get("location") ?? "", `http://${registry.address}`);
  location.searchParams.set("digest", digest);
  await mustRun(["curl", "-sfT", join(scratch, "blob"), location.href], { timeoutMs: 300_000 });
  expect(peakMiB()).toBeLessThan(MOST_MIB);
  const url = `http://${registry.address}/v2/app/blobs/${digest}`;
  const [whole] = await Promise.all([
    mustRun(["bash", "-c", 'curl -sf "$0" | sha256sum', url], { timeoutMs: 300_000 }),
    ...Array.from({ length: CLIENTS - 1 }, async () => {
      const size = await mustRun(["curl", "-sf", "-o", "/dev/null", "-w", "%{size_download}", url], {
        timeoutMs: 300_000,
      });
      expect(size).toBe(String(BLOB_MIB * MIB));
    }),
  ]);
  expect(whole).toStartWith(digest.slice("sha256:".length));
  expect(peakMiB()).toBeLessThan(MOST_MIB);
});
