import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { gunzipSync } from "node:zlib";
import { FilesInUse } from "./files-in-use.ts";
import { compressRotated } from "./compress-rotated.ts";
import { openLogFile } from "./open-log-file.ts";
import { FileLogReader } from "../read/file-log-reader.ts";

let directory = "";
let path = "";
beforeEach(() => {
  directory = mkdtempSync(`${tmpdir()}/berth-logs-`);
  path = `${directory}/log`;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const line = (text: string): string => `{"log":"${text}\\n","stream":"stdout","time":"2026-01-02T03:04:05Z"}\n`;
const names = (): string[] => readdirSync(directory).sort();

test("rotated files are replaced by gzip that anybody reads; the newest stays", async () => {
  const content = Array.from({ length: 20_000 }, (_, index) => line(`number ${index}`)).join("");
  writeFileSync(`${path}.2`, "two\n");
  writeFileSync(`${path}.1`, content);
  writeFileSync(path, "now\n");
  await compressRotated(path, () => true);
  expect(names()).toEqual(["log", "log.1.gz", "log.2.gz"]);
  expect(gunzipSync(readFileSync(`${path}.1.gz`)).toString()).toBe(content);
  const file = openLogFile(`${path}.1`);
  expect(file?.size).toBe(content.length);
  const middle = new Uint8Array(600_000);
  expect(file?.read(middle, 300_000)).toBe(600_000);
  expect(Buffer.from(middle).toString()).toBe(content.slice(300_000, 900_000));
  expect(file?.read(middle, content.length - 10)).toBe(10);
  file?.close();
});

test("a file that is in use is left as it is", async () => {
  writeFileSync(`${path}.1`, "one\n");
  writeFileSync(path, "now\n");
  await compressRotated(path, () => false);
  expect(names()).toEqual(["log", "log.1"]);
});

test("a file that is renamed meanwhile is replaced in its new place, one that is removed not at all", async () => {
  writeFileSync(`${path}.1`, "one\n");
  writeFileSync(path, "now\n");
  await compressRotated(path, () => {
    renameSync(`${path}.1`, `${path}.2`);
    renameSync(path, `${path}.1`);
    return true;
  });
  expect(names()).toEqual(["log.1", "log.2.gz"]);
  await compressRotated(path, () => {
    rmSync(`${path}.1`);
    return true;
  });
  expect(names()).toEqual(["log.2.gz"]);
});

test("lines are read over compressed files, forward and from the end", async () => {
  for (const [index, name] of [".2", ".1", ""].entries()) {
    for (let number = 0; number < 5000; number += 1) appendFileSync(`${path}${name}`, line(`${index}:${number}`));
  }
  await compressRotated(path, () => true);
  const read = async (tail: number | undefined): Promise<string[]> => {
    const chunks: Uint8Array[] = [];
    const query = {
      ...{ path, format: "json" as const, stdout: true, stderr: true, sinceNs: undefined, untilNs: undefined, tail },
      ...{ follow: false, ended: Promise.resolve(), signal: new AbortController().signal },
      print: { framed: false, timestamps: false, attributes: "" },
    };
    for await (const chunk of new FileLogReader({ inUse: new FilesInUse() }).read(query)) chunks.push(chunk);
    return Buffer.concat(chunks).toString().trimEnd().split("\n");
  };
  const all = await read(undefined);
  expect([all.length, all[0], all[14_999]]).toEqual([15_000, "0:0", "2:4999"]);
  expect(await read(12_000)).toEqual(all.slice(3000));
});
