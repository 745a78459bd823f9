import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { isBerthError } from "#base/errors.ts";
import { compressRotated } from "../files/compress-rotated.ts";
import { FilesInUse } from "../files/files-in-use.ts";
import { fileRecord, record } from "../testing/records.ts";
import type { LogQuery } from "../types.ts";
import { FileLogReader } from "./file-log-reader.ts";

let directory = "";
let path = "";
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/berth-corrupt-`);
  path = `${directory}/log`;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

let seed = 1;
const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) % below;

const count = 400;
const text = (number: number): string => `${number}:${"y".repeat((number * 7) % 90)}`;
const formats = {
  records: Buffer.concat([fileRecord(1n), ...Array.from({ length: count }, (_, n) => record(text(n), BigInt(n + 2)))]),
  json: Buffer.from(
    Array.from(
      { length: count },
      (_, n) =>
        `{"log":"${text(n)}\\n","stream":"stdout","time":"2026-01-02T03:04:05.${String(n + 1).padStart(9, "0")}Z"}\n`,
    ).join(""),
  ),
} as const;

async function lines(format: LogQuery["format"], tail: number | undefined): Promise<string[] | "damaged"> {
  const chunks: Uint8Array[] = [];
  const query: LogQuery = {
    ...{ path, format, stdout: true, stderr: true, tail, sinceNs: 1n, untilNs: undefined, follow: false },
    ...{ ended: Promise.resolve(), signal: new AbortController().signal },
    print: { framed: false, timestamps: false, attributes: "" },
  };
  try {
    for await (const chunk of new FileLogReader({ inUse: new FilesInUse() }).read(query)) chunks.push(chunk);
  } catch (error) {
    if (isBerthError(error, "data-loss")) return "damaged";
    throw error;
  }
  return Buffer.concat(chunks).toString("latin1").split("\n");
}

const whole = new Set(Array.from({ length: count }, (_, n) => text(n)));

for (const format of ["records", "json"] as const) {
  test(`${format}: a file that is cut anywhere gives every line before the cut`, async () => {
    const bytes = formats[format];
    for (let round = 0; round < 150; round += 1) {
      writeFileSync(path, bytes.subarray(0, random(bytes.byteLength)));
      const all = await lines(format, undefined);
      if (all === "damaged") throw new Error("a cut is no damage");
      expect(all.slice(0, -1)).toEqual(Array.from({ length: all.length - 1 }, (_, n) => text(n)));
      expect(await lines(format, 5)).toEqual([...all.slice(0, -1).slice(-5), ""]);
    }
  });

  test(`${format}: damage in the middle costs the lines it hits, not the rest`, async () => {
    const bytes = formats[format];
    for (let round = 0; round < 150; round += 1) {
      const damaged = Buffer.from(bytes);
      const from = random(bytes.byteLength);
      const length = random(60);
      damaged.fill(random(2) === 0 ? 0 : random(256), from, from + length);
      writeFileSync(path, damaged);
      const all = await lines(format, undefined);
      if (all === "damaged") throw new Error("this is found out by compressed files only");
      const kept = all.filter((line) => whole.has(line));
      expect(kept.length).toBeGreaterThan(count - 20);
      await lines(format, 1 + random(count));
    }
  });

  test(`${format}: random bytes and damaged compressed files end in an answer`, async () => {
    for (let round = 0; round < 30; round += 1) {
      writeFileSync(
        path,
        Uint8Array.from({ length: random(60_000) }, () => random(256)),
      );
      await lines(format, undefined);
      await lines(format, 3);
    }
    for (let round = 0; round < 30; round += 1) {
      rmSync(`${path}.1.gz`, { force: true });
      writeFileSync(`${path}.1`, formats[format]);
      writeFileSync(path, "");
      await compressRotated(path, () => true);
      const compressed = readFileSync(`${path}.1.gz`);
      for (let hit = 0; hit <= random(4); hit += 1) compressed[random(compressed.byteLength)] = random(256);
      writeFileSync(
        `${path}.1.gz`,
        compressed.subarray(0, compressed.byteLength - random(2) * random(compressed.byteLength)),
      );
      await lines(format, undefined);
      await lines(format, 3);
    }
  });
}
