import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mustRun } from "./command.ts";
import { writeTar } from "./tar-writer.ts";

test("the system's tar reads the archive back", async () => {
  const dir = mkdtempSync(join(tmpdir(), "berth-tar-"));
  try {
    const long = `${"d".repeat(90)}/${"f".repeat(120)}`;
    const archive = join(dir, "a.tar");
    writeFileSync(
      archive,
      writeTar([
        { path: "dir/", type: "directory", mode: 0o750 },
        { path: "dir/file", content: "text\n", mode: 0o4755 },
        { path: "dir/link", type: "symlink", link: "file" },
        { path: "dir/hard", type: "hardlink", link: "dir/file" },
        { path: `${"d".repeat(90)}/`, type: "directory" },
        { path: long, content: "x".repeat(600) },
        { path: "noted", content: "", xattrs: { "user.note": "kept" } },
      ]),
    );
    const listed = await mustRun(["tar", "--xattrs", "-tvvf", archive]);
    expect(listed).toMatch(/drwxr-x---\s+0\/0\s+0 2023-11-14 .* dir\//);
    expect(listed).toMatch(/-rwsr-xr-x\s+0\/0\s+5 .* dir\/file/);
    expect(listed).toMatch(/dir\/link -> file/);
    expect(listed).toMatch(/dir\/hard link to dir\/file/);
    expect(listed).toMatch(/x: *4 user\.note/);
    await mustRun(["tar", "-xf", archive, "-C", dir]);
    expect(statSync(join(dir, long)).size).toBe(600);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
