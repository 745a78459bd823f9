import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { watchName } from "./directory-watch.ts";

test("what changed as soon as the watch was made is not missed", async () => {
  const dir = mkdtempSync(join(tmpdir(), "directory-watch-"));
  try {
    const watches = Array.from({ length: 50 }, (_, index) => watchName(dir, `file${index}`));
    for (const index of watches.keys()) writeFileSync(join(dir, `file${index}`), "");
    await Promise.all(watches.map((watch) => watch.changed()));
    for (const watch of watches) watch.close();
    expect(watches).toHaveLength(50);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
