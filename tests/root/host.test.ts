import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";

import { withFd } from "#host/files/files.ts";
import * as linux from "#host/kernel/linux.ts";
import { openOverlayView } from "#host/mounts/overlay-view.ts";
import { Poller } from "#host/sockets/poller.ts";
import { removeTree } from "#host/tree/remove-tree.ts";
import { makeDirectoriesInRoot, openInRoot } from "#host/files/rooted-path.ts";
import * as sys from "#host/kernel/syscalls.ts";

let directory = "";

beforeEach(() => {
  expect(process.getuid?.()).toBe(0);
  directory = mkdtempSync(`${tmpdir()}/berth-host-`);
});

afterEach(() => {
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n").reverse()) {
    const target = line.split(" ")[4];
    if (target?.startsWith(directory) === true) sys.umount(target, linux.MNT_DETACH);
  }
  rmSync(directory, { recursive: true, force: true });
  expect(openDescriptors()).toEqual([]);
});

/** What this process holds open of the kinds that these tests open. */
function openDescriptors(): readonly string[] {
  return readdirSync("/proc/self/fd")
    .map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return "";
      }
    })
    .filter((target) => /berth-host-|memfd:program|ptmx|^net:|^mnt:|pidfd|bpf-prog/.test(target));
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);
const refusal = (code: string): unknown => expect.objectContaining({ code });

/** A private copy of the mount table that dies with its descriptor. */
function inPrivateMounts(work: (namespaceFd: number) => void): void {
  withFd(sys.newNamespace(linux.CLONE_NEWNS, "mnt"), (namespace) => {
    sys.inNamespaces([namespace], "mount", null, "/", null, linux.MS_REC | linux.MS_PRIVATE, null);
    work(namespace);
  });
}

test("files keep every kind of metadata, under names that are no UTF-8", () => {
  const name = new Uint8Array([0x66, 0xff, 0xfe]);
  withFd(sys.open(directory, linux.O_DIRECTORY), (dir) => {
    withFd(sys.openat(dir, name, linux.O_RDWR | linux.O_CREAT | linux.O_EXCL, 0o600), (fd) => {
      sys.writeAll(fd, bytes("content"));
      sys.fchown(fd, 12, 34);
      sys.fchmod(fd, 0o4751);
      sys.fsetxattr(fd, "user.note", bytes("a\0b"));
      expect(sys.pread(fd, new Uint8Array(3), 5)).toBe(2);
    });
    sys.utimensat(dir, name, undefined, { seconds: -5, nanoseconds: 6 });
    expect(sys.statx(dir, name)).toMatchObject({
      mode: 0o104751,
      uid: 12,
      gid: 34,
      size: 7,
      mtimeSeconds: -5,
      mtimeNanoseconds: 6,
    });
    sys.mknodat(dir, "device", linux.S_IFCHR | 0o640, 300, 70_000);
    expect(sys.statx(dir, "device")).toMatchObject({ rdevMajor: 300, rdevMinor: 70_000 });
    sys.mknodat(dir, "pipe", linux.S_IFIFO | 0o600, 0, 0);
    sys.symlinkat(name, dir, "link");
    sys.linkat(dir, name, dir, "second");
    expect(sys.readlinkat(dir, "link")).toEqual(name);
    expect(sys.statx(dir, "second").nlink).toBe(2);
    expect(sys.lstatMaybe(dir, "nothing")).toBeUndefined();
    const types = new Map(
      sys.readDirectory(dir).map((entry) => [Buffer.from(entry.name).toString("latin1"), entry.type]),
    );
    expect(Object.fromEntries(types)).toEqual({
      [Buffer.from(name).toString("latin1")]: linux.DT_REG,
      device: linux.DT_CHR,
      pipe: linux.DT_FIFO,
      link: linux.DT_LNK,
      second: linux.DT_REG,
    });
    const path = Buffer.concat([bytes(`${directory}/`), name]);
    expect(text(sys.lgetxattr(path, "user.note"))).toBe("a\0b");
    sys.lsetxattr(path, "trusted.overlay.opaque", bytes("y"));
    expect(new Set(sys.llistxattr(path).map(text))).toEqual(new Set(["trusted.overlay.opaque", "user.note"]));
    sys.lremovexattr(path, "user.note");
    expect(sys.lgetxattr(path, "user.note")).toBeUndefined();
    expect(() => sys.renameat2(dir, "second", dir, "pipe", linux.RENAME_NOREPLACE)).toThrow(refusal("EEXIST"));
  });
});

test("a full directory is read to the end", () => {
  for (let index = 0; index < 3000; index++) writeFileSync(`${directory}/file-with-a-rather-long-name-${index}`, "");
  withFd(sys.open(directory, linux.O_DIRECTORY), (dir) => {
    expect(new Set(sys.readDirectory(dir).map(({ name }) => text(name))).size).toBe(3000);
  });
});

test("paths stay inside the root, whatever their links say", () => {
  mkdirSync(`${directory}/root/sub`, { recursive: true });
  writeFileSync(`${directory}/secret`, "outside");
  symlinkSync("/", `${directory}/root/absolute`);
  symlinkSync("../../..", `${directory}/root/sub/up`);
  symlinkSync(`/proc/self/root`, `${directory}/root/magic`);
  withFd(sys.open(`${directory}/root`, linux.O_PATH | linux.O_DIRECTORY), (root) => {
    for (const path of ["/secret", "../secret", "absolute/secret", "sub/up/secret", "magic/etc/passwd"]) {
      expect(() => openInRoot(root, path, linux.O_RDONLY)).toThrow(refusal("ENOENT"));
    }
    sys.close(makeDirectoriesInRoot(root, "/sub/up/absolute/made/../deep", 0o755));
    expect(existsSync(`${directory}/root/deep`)).toBe(true);
    sys.close(makeDirectoriesInRoot(root, "sub/up/deep/../../../x/../../../y", 0o755));
  });
  expect(readdirSync(directory).sort()).toEqual(["root", "secret"]);
  expect(readdirSync(`${directory}/root`).sort()).toEqual(["absolute", "deep", "made", "magic", "sub", "x", "y"]);
});

test("symlinks with .. are followed in the view of an overlay", () => {
  for (const name of ["upper", "lower/sub/deep", "scratch"]) mkdirSync(`${directory}/${name}`, { recursive: true });
  symlinkSync("../../..", `${directory}/lower/up`);
  writeFileSync(`${directory}/lower/sub/file`, "");
  withFd(openOverlayView([`${directory}/upper`, `${directory}/lower`], `${directory}/scratch`), (view) => {
    for (const path of ["up/sub/file", "/up/up/sub/deep/../file", "sub/deep/../../up/sub"]) {
      sys.close(openInRoot(view, path, linux.O_PATH));
    }
    withFd(openInRoot(view, ".", linux.O_RDONLY | linux.O_DIRECTORY), (root) => {
      expect(
        sys
          .readDirectory(root)
          .map(({ name }) => text(name))
          .sort((a, b) => String(a).localeCompare(String(b))),
      ).toEqual(["sub", "up"]);
    });
  });
});

test("lookups of .. succeed while something else is renamed all the time", async () => {
  mkdirSync(`${directory}/root/a/b`, { recursive: true });
  writeFileSync(`${directory}/one`, "");
  const loop = `const fs = require("fs"); for (;;) { fs.renameSync("one", "two"); fs.renameSync("two", "one"); }`;
  const renamer = Bun.spawn([process.execPath, "-e", loop], { cwd: directory, stdio: ["ignore", "ignore", "ignore"] });
  try {
    while (existsSync(`${directory}/one`)) await Bun.sleep(1);
    withFd(sys.open(`${directory}/root`, linux.O_PATH | linux.O_DIRECTORY), (root) => {
      for (let count = 0; count < 20_000; count++) {
        sys.close(openInRoot(root, "a/b/../../a/b/../..", linux.O_PATH | linux.O_DIRECTORY));
      }
    });
  } finally {
    renamer.kill(9);
    await renamer.exited;
  }
});

test("the new mount interface works in a private mount table", () => {
  inPrivateMounts((namespace) => {
    const context = sys.inNamespaces([namespace], "fsopen", "tmpfs", 1);
    sys.fsconfig(context, linux.FSCONFIG_SET_STRING, "size", "1m");
    expect(() => sys.fsconfig(context, linux.FSCONFIG_SET_STRING, "no-such-option", "1")).toThrow(refusal("EINVAL"));
    expect(sys.fsMessages(context)).toContain("no-such-option");
    sys.fsconfig(context, linux.FSCONFIG_CMD_CREATE);
    const mount = sys.fsmount(context, linux.MOUNT_ATTR_NODEV);
    sys.close(context);
    sys.close(sys.openat(mount, "file", linux.O_CREAT | linux.O_WRONLY, 0o600));
    sys.mountSetattr(mount, "", linux.AT_EMPTY_PATH, { set: linux.MOUNT_ATTR_RDONLY });
    expect(() => sys.openat(mount, "other", linux.O_CREAT | linux.O_WRONLY, 0o600)).toThrow(refusal("EROFS"));
    sys.inNamespaces([namespace], "move_mount", mount, "", linux.AT_FDCWD, directory, linux.MOVE_MOUNT_F_EMPTY_PATH);
    sys.close(mount);
    expect(sys.inNamespaces([namespace], "umount2", directory, linux.MNT_DETACH)).toBe(0);
  });
  expect(readdirSync(directory)).toEqual([]);
});

test("a tree is removed up to a mount inside it, never into it", async () => {
  const tree = `${directory}/tree`;
  mkdirSync(`${tree}/a/b/mount`, { recursive: true });
  mkdirSync(`${directory}/precious`);
  writeFileSync(`${directory}/precious/file`, "keep me");
  sys.mount(`${directory}/precious`, `${tree}/a/b/mount`, null, linux.MS_BIND);
  await expect(removeTree(tree)).rejects.toMatchObject({ code: "EXDEV" });
  expect(existsSync(`${directory}/precious/file`)).toBe(true);
  sys.umount(`${tree}/a/b/mount`);
  symlinkSync(`${directory}/precious`, `${tree}/a/link`);
  await removeTree(tree);
  expect(existsSync(tree)).toBe(false);
  expect(existsSync(`${directory}/precious/file`)).toBe(true);
  await removeTree(tree);
});

test("sockets open in another network namespace while this thread stays in its own", () => {
  const own = sys.statx(linux.AT_FDCWD, "/proc/thread-self/ns/net").ino;
  withFd(sys.newNamespace(linux.CLONE_NEWNET, "net"), (namespace) => {
    expect(sys.fstat(namespace).ino).not.toBe(own);
    const listen = (fd: number): void => {
      const address = new Uint8Array([linux.AF_INET, 0, 0x7a, 0x69, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
      sys.bind(fd, address);
      sys.listen(fd, 1);
    };
    withFd(sys.socket(linux.AF_INET, linux.SOCK_STREAM, 0), (outside) => {
      listen(outside);
      withFd(sys.socketInNamespace(namespace, linux.AF_INET, linux.SOCK_STREAM, 0), listen);
    });
    const path = `${directory}/net`;
    writeFileSync(path, "");
    sys.mount(sys.fdPath(namespace), path, null, linux.MS_BIND);
    expect(sys.statx(linux.AT_FDCWD, path).ino).toBe(sys.fstat(namespace).ino);
    sys.umount(path, linux.MNT_DETACH);
  });
  expect(sys.statx(linux.AT_FDCWD, "/proc/thread-self/ns/net").ino).toBe(own);
});

test("descriptors travel over a unix socket", () => {
  const path = `${directory}/s`;
  const address = new Uint8Array([linux.AF_UNIX, 0, ...bytes(path), 0]);
  withFd(sys.socket(linux.AF_UNIX, linux.SOCK_SEQPACKET, 0), (listener) => {
    sys.bind(listener, address);
    sys.listen(listener, 1);
    withFd(sys.socket(linux.AF_UNIX, linux.SOCK_SEQPACKET, 0), (client) => {
      sys.connect(client, address);
      withFd(sys.accept4(listener), (server) => {
        writeFileSync(`${directory}/file`, "through the socket");
        withFd(sys.open(`${directory}/file`, linux.O_RDONLY), (file) => sys.sendFds(client, bytes("hi"), [file]));
        const buffer = new Uint8Array(16);
        const { length, fds } = sys.receiveFds(server, buffer);
        expect([length, fds.length]).toEqual([2, 1]);
        withFd(fds[0] as number, (received) => {
          expect(sys.fcntl(received, 1) & linux.FD_CLOEXEC).toBe(linux.FD_CLOEXEC);
          expect(sys.read(received, buffer)).toBe(16);
        });
        expect(sys.receive(server, buffer, linux.MSG_DONTWAIT)).toBeUndefined();
      });
    });
  });
});

test("a sealed memfd cannot be changed and can be executed", () => {
  const flags = linux.MFD_CLOEXEC | linux.MFD_ALLOW_SEALING;
  withFd(sys.memfdCreate("program", flags), (fd) => {
    sys.writeAll(fd, readFileSync("/bin/true"));
    sys.fcntl(fd, linux.F_ADD_SEALS, linux.F_SEAL_SEAL | linux.F_SEAL_SHRINK | linux.F_SEAL_GROW | linux.F_SEAL_WRITE);
    expect(() => sys.pwrite(fd, new Uint8Array(1), 0)).toThrow(refusal("EPERM"));
    expect(() => sys.ftruncate(fd, 0)).toThrow(refusal("EPERM"));
    expect(Bun.spawnSync([sys.fdPath(fd)]).exitCode).toBe(0);
  });
});

test("locks exclude each other by open file", () => {
  const openFile = (): number => sys.open(`${directory}/lock`, linux.O_RDWR | linux.O_CREAT, 0o600);
  withFd(openFile(), (first) =>
    withFd(openFile(), (second) => {
      expect(sys.flock(first, linux.LOCK_EX | linux.LOCK_NB)).toBe(true);
      expect(sys.flock(second, linux.LOCK_EX | linux.LOCK_NB)).toBe(false);
      sys.flock(first, linux.LOCK_UN);
      expect(sys.flock(second, linux.LOCK_SH | linux.LOCK_NB)).toBe(true);
    }),
  );
});

test("the poller wakes for a terminal, a process's end, and no more after closing", async () => {
  const poller = new Poller();
  const main = sys.open("/dev/ptmx", linux.O_RDWR | linux.O_NOCTTY);
  sys.ioctlBuffer(main, linux.TIOCSPTLCK, new Uint8Array(4));
  const terminal = sys.ioctl(main, linux.TIOCGPTPEER, linux.O_RDWR | linux.O_NOCTTY | linux.O_CLOEXEC);
  sys.ioctlBuffer(main, linux.TIOCSWINSZ, new Uint8Array(new Uint16Array([24, 80, 0, 0]).buffer));
  const size = new Uint16Array(4);
  sys.ioctlBuffer(terminal, linux.TIOCGWINSZ, new Uint8Array(size.buffer));
  expect([...size]).toEqual([24, 80, 0, 0]);

  let heard = "";
  const done = Promise.withResolvers<void>();
  const buffer = new Uint8Array(64);
  const watch = poller.watch(main, linux.EPOLLIN, () => {
    heard += text(buffer.subarray(0, sys.read(main, buffer)));
    if (heard.length >= 3) done.resolve();
    else sys.write(terminal, bytes("x"));
  });
  sys.write(terminal, bytes("x"));
  await done.promise;
  expect(heard).toBe("xxx");
  watch.close();
  sys.write(terminal, bytes("y"));

  const child = Bun.spawn(["sleep", "60"]);
  const pidFd = sys.pidfdOpen(child.pid);
  const ended = poller.ready(pidFd, linux.EPOLLIN);
  sys.pidfdSendSignal(pidFd, 9);
  expect((await ended) & linux.EPOLLIN).toBe(linux.EPOLLIN);
  await child.exited;
  expect(heard).toBe("xxx");
  poller.close();
  for (const fd of [pidFd, terminal, main]) sys.close(fd);
});

test("several threads load the addon, poll, and end in any way", async () => {
  const source = new URL("./host/poll-worker.ts", import.meta.url).href;
  const workers = Array.from({ length: 3 }, () => new Worker(source));
  const answers = workers.map(
    (worker) =>
      new Promise((resolve) => worker.addEventListener("message", (message) => resolve(message.data), { once: true })),
  );
  expect(await Promise.all(answers)).toEqual(["ready", "ready", "ready"]);
  const closed = workers.map(
    (worker) => new Promise((resolve) => worker.addEventListener("close", resolve, { once: true })),
  );
  workers[0]?.postMessage("finish");
  workers[1]?.terminate();
  workers[2]?.terminate();
  await Promise.all(closed);
});

test("the addon loads without a JIT, past directories that are mounted noexec", () => {
  const script = new URL("./host/load-addon.ts", import.meta.url).pathname;
  const load = `BUN_JSC_useJIT=0 exec "$0" "$1"`;
  const result = Bun.spawnSync([
    ...["unshare", "--mount", "--propagation", "private", "sh", "-c"],
    ...[`mount -t tmpfs -o noexec berth-test /run && ${load}`, process.execPath, script],
  ]);
  expect(result.stderr.toString()).toBe("");
  expect(Number(result.stdout.toString())).toBeGreaterThan(0);
});

test("programs for the kernel are loaded", () => {
  // r0 = 1; exit
  const program = new Uint8Array([0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]);
  const attributes = new DataView(new ArrayBuffer(128));
  attributes.setUint32(0, linux.BPF_PROG_TYPE_CGROUP_DEVICE, true);
  attributes.setUint32(4, 2, true);
  attributes.setUint32(68, linux.BPF_CGROUP_DEVICE, true);
  const fd = sys.bpf(linux.BPF_PROG_LOAD, new Uint8Array(attributes.buffer), [
    [8, program],
    [16, bytes("Apache-2.0\0")],
  ]);
  sys.close(fd);
});

test("wrong types throw and impossible paths are refused, nothing is read past its end", () => {
  expect(() => sys.raw("openat", "x", 1, 2, 3)).toThrow(TypeError);
  expect(() => sys.raw("openat", 1)).toThrow(TypeError);
  expect(() => sys.raw("statx", linux.AT_FDCWD, "/", 0, 0, new Uint8Array(255))).toThrow(TypeError);
  expect(() => sys.raw("no-such-call")).toThrow(TypeError);
  expect(() => sys.open("a\0b", 0)).toThrow(refusal("EINVAL"));
  expect(() => sys.open(new Uint8Array([47, 0, 47]), 0)).toThrow(refusal("EINVAL"));
  for (const unit of ["x", "é", "€", "😀"])
    expect(() => sys.open(unit.repeat(20_000), 0)).toThrow(refusal("ENAMETOOLONG"));
  expect(() => sys.open("x".repeat(5000), 0)).toThrow(refusal("ENAMETOOLONG"));
  expect(() => sys.close(-1)).toThrow(refusal("EBADF"));
});
