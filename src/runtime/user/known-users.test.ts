import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RootMount } from "#snapshot/types.ts";
import { KnownUsers } from "./known-users.ts";

const scratch = mkdtempSync(join(tmpdir(), "berth-known-users-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const passwd = (directory: string, uid: number): void => {
  mkdirSync(join(directory, "etc"), { recursive: true });
  writeFileSync(join(directory, "etc/passwd"), `someone:x:${uid}:5::/home/someone:/bin/sh\n`);
};

function rootOf(name: string, layer: string): RootMount {
  const dir = join(scratch, name);
  for (const part of ["upper", "work"]) mkdirSync(join(dir, part), { recursive: true });
  return {
    kind: "overlay",
    lowerDirs: [join(scratch, layer)],
    upperDir: join(dir, "upper"),
    workDir: join(dir, "work"),
  };
}

test("what layers say is looked for once, what a container changed every time", () => {
  passwd(join(scratch, "layer"), 7);
  passwd(join(scratch, "other"), 9);
  const users = new KnownUsers();
  const [first, second] = [rootOf("first", "layer"), rootOf("second", "layer")];
  expect(users.find(first, "someone", [])).toEqual({ uid: 7, gid: 5, additionalGids: [], home: "/home/someone" });
  rmSync(join(scratch, "layer"), { recursive: true });
  expect(users.find(second, "someone", []).uid).toBe(7);
  expect(users.find(rootOf("third", "other"), "someone", []).uid).toBe(9);
  passwd(second.upperDir, 8);
  expect(users.find({ ...second, lowerDirs: [join(scratch, "other")] }, "someone", []).uid).toBe(8);
  passwd(second.upperDir, 11);
  expect(users.find({ ...second, lowerDirs: [join(scratch, "other")] }, "someone", []).uid).toBe(11);
  expect(users.find(first, "someone", []).uid).toBe(7);
});
