import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withFd } from "../files/files.ts";
import { O_DIRECTORY, O_RDONLY } from "../kernel/linux.ts";
import { open } from "../kernel/syscalls.ts";
import { copyTree } from "./copy-tree.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "copy-tree-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function copy(from: string, to: string): void {
  const flags = O_RDONLY | O_DIRECTORY;
  withFd(open(from, flags), (source) => withFd(open(to, flags), (target) => copyTree(source, target)));
}

test("what goes while it is copied is left out, and all that stays is there", async () => {
  const from = join(folder, "from");
  mkdirSync(from);
  const lasting = Array.from({ length: 5 }, (_, index) => `stays-${String(index)}`);
  for (const name of lasting) writeFileSync(join(from, name), name);
  // Files, links and folders that come and go.
  const script =
    "echo; while :; do for i in $(seq 40); do echo $i >f$i; ln -s x l$i; mkdir d$i; echo >d$i/f; done; rm -r f* l* d*; done";
  const busy = Bun.spawn(["sh", "-c", script], { cwd: from, stdout: "pipe" });
  try {
    await busy.stdout.getReader().read();
    for (let round = 0; round < 25; round += 1) {
      const to = join(folder, `to-${String(round)}`);
      mkdirSync(to);
      copy(from, to);
      expect(readdirSync(to)).toEqual(expect.arrayContaining(lasting));
      for (const name of lasting) expect(readFileSync(join(to, name), "utf8")).toBe(name);
      rmSync(to, { recursive: true });
    }
  } finally {
    busy.kill(9);
    await busy.exited;
  }
});
