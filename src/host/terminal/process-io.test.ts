import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProcessIo } from "./process-io.ts";

const io = new ProcessIo("berth");
let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "process-io-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test.each(["readFile", "readText"] as const)(
  "%s: text, nothing in it, nothing there, a folder, a pipe",
  async (read) => {
    const path = (name: string): string => join(dir, `${read}-${name}`);
    writeFileSync(path("text"), "\ufeffä\n");
    writeFileSync(path("empty"), "");
    mkdirSync(path("folder"));
    expect(io[read](path("text"))).toBe("\ufeffä\n");
    expect(io[read](path("empty"))).toBe("");
    expect(io[read](path("absent"))).toBeUndefined();
    expect(io[read](join(path("text"), "below"))).toBeUndefined();
    expect(() => io[read](path("folder"))).toThrow(`open ${path("folder")}: is a directory`);
    const pipe = path("pipe");
    expect(await Bun.spawn(["mkfifo", pipe]).exited).toBe(0);
    const writer = Bun.spawn(["sh", "-c", 'printf piped > "$0"', pipe]);
    expect(io[read](pipe)).toBe("piped");
    expect(await writer.exited).toBe(0);
  },
);
