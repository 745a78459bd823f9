/** A container's files seen from outside: views of roots with mounts over them, and what an overlay's upper changes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { messageOf } from "#base/errors.ts";
import { O_DIRECTORY, O_PATH, O_RDONLY } from "#host/kernel/linux.ts";
import { identifyProcess } from "#host/processes/process.ts";
import { openInRoot } from "#host/files/rooted-path.ts";
import { close, fdPath, fstat, open } from "#host/kernel/syscalls.ts";
import { openMergedView, openTreeView, type TreeView, type ViewMount, type ViewRoot } from "#host/tree/tree-view.ts";
import { upperChanges } from "#host/tree/upper-changes.ts";
import { findProgram } from "../../tools/lab/paths.ts";

let scratch = "";

beforeAll(() => {
  if (process.getuid?.() !== 0) throw new Error("root tests need root");
  scratch = mkdtempSync(`${tmpdir()}/berth-views-`);
});

afterAll(() => {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8");
  rmSync(scratch, { recursive: true, force: true });
  expect(mounts).not.toContain(scratch);
});

interface Layers {
  readonly root: Extract<ViewRoot, { kind: "overlay" }>;
  readonly lower: string;
}

function layers(): Layers {
  const base = mkdtempSync(`${scratch}/l-`);
  for (const name of ["lower", "lowest", "upper", "work"]) mkdirSync(`${base}/${name}`);
  const lower = `${base}/lower`;
  return {
    lower,
    root: {
      kind: "overlay",
      lowerDirs: [lower, `${base}/lowest`],
      upperDir: `${base}/upper`,
      workDir: `${base}/work`,
      access: "write",
    },
  };
}

function within<T>(root: ViewRoot, mounts: readonly ViewMount[], work: (path: string, view: TreeView) => T): T {
  const view = openTreeView(root, mounts);
  try {
    return work(fdPath(view.rootFd), view);
  } finally {
    view.close();
  }
}

const bind = (source: string, target: string, readOnly = false): ViewMount => ({
  source,
  target,
  readOnly,
  recursive: true,
});

describe("a view", () => {
  test("shows the root with its mounts over it, and nothing stays mounted", () => {
    const { root, lower } = layers();
    mkdirSync(`${lower}/vol`);
    writeFileSync(`${lower}/vol/hidden`, "");
    const source = mkdtempSync(`${scratch}/v-`);
    writeFileSync(`${source}/seen`, "seen");
    const before = readFileSync("/proc/self/mountinfo", "utf8");
    within(root, [bind(source, "/vol")], (path) => {
      expect(readdirSync(`${path}/vol`)).toEqual(["seen"]);
      writeFileSync(`${path}/vol/new`, "");
      writeFileSync(`${path}/in-root`, "");
    });
    expect(readdirSync(source).toSorted()).toEqual(["new", "seen"]);
    expect(readdirSync(root.upperDir)).toEqual(["in-root"]);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).toBe(before);
  });

  test("makes missing mount points, for files too, also when it is only read", () => {
    const { root } = layers();
    const folder = mkdtempSync(`${scratch}/v-`);
    writeFileSync(`${folder}/file`, "content");
    const mounts = [bind(folder, "/a/b"), bind(`${folder}/file`, "/c/file")];
    within({ ...root, access: "read" }, mounts, (path) => {
      expect(readFileSync(`${path}/a/b/file`, "utf8")).toBe("content");
      expect(readFileSync(`${path}/c/file`, "utf8")).toBe("content");
      expect(() => writeFileSync(`${path}/no`, "")).toThrow("EROFS");
    });
  });

  test("follows an image's links only inside the root", () => {
    const { root, lower } = layers();
    const outside = mkdtempSync(`${scratch}/o-`);
    symlinkSync(outside, `${lower}/out`);
    symlinkSync(`${outside}/made`, `${lower}/file`);
    const source = mkdtempSync(`${scratch}/v-`);
    writeFileSync(`${source}/f`, "");
    within(root, [bind(source, "/out"), bind(`${source}/f`, "/file")], (path) => {
      expect(existsSync(`${path}${outside}/f`)).toBe(true);
    });
    expect(readdirSync(outside)).toEqual([]);
  });

  test("tells which mount a file is on, and keeps read-only ones", () => {
    const { root } = layers();
    const source = mkdtempSync(`${scratch}/v-`);
    within(root, [bind(source, "/ro", true)], (path, view) => {
      const fd = openInRoot(view.rootFd, "/ro", O_PATH);
      expect(view.mountOf(fstat(fd).mountId)?.target).toBe("/ro");
      expect(view.mountOf(fstat(view.rootFd).mountId)).toBeUndefined();
      close(fd);
      expect(() => writeFileSync(`${path}/ro/x`, "")).toThrow("EROFS");
    });
  });

  test("leaves out a mount whose source is gone", () => {
    const { root } = layers();
    within(root, [bind(`${scratch}/never`, "/gone")], (path) => expect(existsSync(`${path}/gone`)).toBe(false));
  });

  test("of a process shows its mounts, tmpfs too, without what else it mounted", async () => {
    const base = mkdtempSync(`${scratch}/p-`);
    for (const name of ["root", "root/proc", "root/tm", "root/old", "root/etc", "root/bin"])
      mkdirSync(`${base}/${name}`);
    writeFileSync(`${base}/root/etc/file`, "of the root");
    copyFileSync(findProgram("busybox") ?? "", `${base}/root/bin/busybox`);
    const script = `
      set -e
      mount --bind ${base}/root ${base}/root
      cd ${base}/root
      mount -t tmpfs none tm
      echo in tmpfs > tm/file
      mount -t proc proc proc
      pivot_root . old
      exec /bin/busybox sh -c '/bin/busybox umount -l /old; echo up; read line'`;
    const child = spawn("unshare", ["-m", "--propagation", "private", "sh", "-c", script], {
      stdio: ["pipe", "pipe", 2],
    });
    try {
      await firstLine(child);
      const identity = identifyProcess(child.pid ?? 0);
      if (identity === undefined) throw new Error("the process is gone");
      const tm: ViewMount = { target: "/tm", source: undefined, recursive: false, readOnly: false };
      within({ kind: "process", ...identity }, [tm], (path) => {
        expect(readFileSync(`${path}/tm/file`, "utf8")).toBe("in tmpfs\n");
        expect(readFileSync(`${path}/etc/file`, "utf8")).toBe("of the root");
        expect(readdirSync(`${path}/proc`)).toEqual([]);
        writeFileSync(`${path}/tm/new`, "");
        writeFileSync(`${path}/etc/new`, "");
      });
      expect(existsSync(`${base}/root/etc/new`)).toBe(true);
      const other = { ...identity, startTicks: identity.startTicks + 1 };
      expect(failure(() => openTreeView({ kind: "process", ...other }, []))).toContain("has ended");
    } finally {
      child.stdin?.end();
      await new Promise((resolve) => child.on("close", resolve));
    }
  });
});

describe("changes", () => {
  test("are Docker's kinds, parents first, names in order", () => {
    const { root, lower } = layers();
    for (const name of ["same", "edited", "chmod", "gone", "touched", "d/kept", "d/removed", "o/old", "o/again", "t"]) {
      mkdirSync(`${lower}/${name.includes("/") ? name.split("/")[0] : ""}`, { recursive: true });
      writeFileSync(`${lower}/${name}`, "1");
      utimesSync(`${lower}/${name}`, 1, 1);
    }
    mkdirSync(`${lower}/quiet`);
    writeFileSync(`${lower}/quiet/f`, "");
    const found = (): string[] => {
      const merged = openMergedView(root.lowerDirs);
      const [upper, below] = [
        open(root.upperDir, O_RDONLY | O_DIRECTORY),
        open(`${fdPath(merged.rootFd)}/.`, O_RDONLY),
      ];
      try {
        return [...upperChanges(upper, below)].map(({ path, kind }) => `${kind} ${Buffer.from(path).toString()}`);
      } finally {
        for (const fd of [upper, below]) close(fd);
        merged.close();
      }
    };
    expect(found()).toEqual([]);
    within(root, [], (path) => {
      writeFileSync(`${path}/edited`, "2");
      chmodSync(`${path}/chmod`, 0o600);
      rmSync(`${path}/gone`);
      utimesSync(`${path}/touched`, 2, 2);
      rmSync(`${path}/d/removed`);
      rmSync(`${path}/o`, { recursive: true });
      mkdirSync(`${path}/o`);
      writeFileSync(`${path}/o/again`, "1");
      utimesSync(`${path}/o/again`, 1, 1);
      mkdirSync(`${path}/new/deep`, { recursive: true });
      writeFileSync(`${path}/new/deep/ünï`, "");
      rmSync(`${path}/t`);
      mkdirSync(`${path}/t`);
      writeFileSync(`${path}/quiet/temporary`, "");
      rmSync(`${path}/quiet/temporary`);
      chmodSync(`${path}/same`, 0o600);
      chmodSync(`${path}/same`, 0o644);
      renameSync(`${path}/new/deep`, `${path}/new/moved`);
    });
    expect(found()).toEqual([
      "changed /chmod",
      "changed /d",
      "deleted /d/removed",
      "changed /edited",
      "deleted /gone",
      "added /new",
      "added /new/moved",
      "added /new/moved/ünï",
      "changed /o",
      "deleted /o/old",
      "changed /t",
      "changed /touched",
    ]);
  });
});

function failure(act: () => unknown): string {
  try {
    act();
    return "none";
  } catch (error) {
    return messageOf(error);
  }
}

async function firstLine(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once("data", () => resolve());
    child.once("close", (code) => reject(new Error(`ended with ${code}`)));
  });
}
