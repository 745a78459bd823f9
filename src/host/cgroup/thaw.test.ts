import { afterEach, beforeEach, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CgroupV1Manager } from "./cgroup-v1.ts";
import { CgroupV2Manager } from "./cgroup-v2.ts";

let mountpoint = "";
beforeEach(() => {
  mountpoint = mkdtempSync(join(tmpdir(), "berth-thaw-"));
});
afterEach(() => rmSync(mountpoint, { recursive: true, force: true }));

const managers = () => [
  new CgroupV1Manager({ version: 1, unified: undefined, hierarchies: [{ controllers: ["freezer"], mountpoint }] }),
  new CgroupV2Manager(mountpoint),
];

test("in a group that is gone nothing is frozen", async () => {
  for (const manager of managers()) await manager.open("/gone").thaw();
});

test("a group may go while it is waited for", async () => {
  for (const manager of managers()) {
    const group = join(mountpoint, "going");
    mkdirSync(group);
    // Files that keep what is written do what a kernel does that takes its time.
    writeFileSync(join(group, "cgroup.freeze"), "1");
    writeFileSync(join(group, "cgroup.events"), "populated 1\nfrozen 1\n");
    writeFileSync(join(group, "freezer.state"), "");
    const thawed = manager.open("/going").thaw();
    rmSync(group, { recursive: true });
    await thawed;
  }
});
