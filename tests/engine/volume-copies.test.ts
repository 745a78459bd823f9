/** Volumes beyond Docker: clones, snapshots, other names, archives, locks and owners. */
import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, eventually, mustRun, type CommandResult } from "../../tools/lab/command.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

let engine: BusyboxEngine;
let scratch: string;

beforeAll(async () => {
  engine = await BusyboxEngine.open({ bridge: "bvcopy0", bip: "172.31.238.1/24" });
  scratch = makeScratch("copies");
}, 180_000);
afterAll(async () => {
  await engine.close();
  removeScratch(scratch);
});
afterEach(async () => {
  await engine.removeAll();
  for (const name of (await engine.ok("volume", "ls", "-q")).split("\n").filter((line) => line !== "")) {
    await engine.ok("volume", "unlock", name);
    await engine.ok("volume", "rm", name);
  }
});

const alone = ["--network", "none"] as const;
/** A shell line in a container that has a volume at /v. */
const inVolume = (volume: string, line: string): Promise<string> =>
  engine.ok("run", "--rm", ...alone, "-v", `${volume}:/v`, "busybox", "sh", "-c", line);
const refusal = async (...args: readonly string[]): Promise<string> => {
  const { code, stderr } = await engine.run(...args);
  expect(code).not.toBe(0);
  return stderr;
};
const pathOf = async (volume: string): Promise<string> =>
  (await engine.ok("volume", "inspect", "-f", "{{.Mountpoint}}", volume)).trim();

/** What a copy must have: owners, modes, times, links, attributes, devices, and a hole that is not spelled out. */
async function fill(volume: string): Promise<void> {
  await engine.ok("volume", "create", "--label", "team=a", volume);
  await inVolume(
    volume,
    "mkdir /v/d && echo one >/v/d/f && ln /v/d/f /v/same && ln -s d/f /v/link && mkfifo -m 640 /v/p",
  );
  await inVolume(
    volume,
    "chown 12:34 /v/d /v/d/f && chmod 2750 /v/d && touch -d '2001-02-03 04:05:06' /v/d/f && chmod 711 /v",
  );
  const path = await pathOf(volume);
  await mustRun(["truncate", "-s", "1G", join(path, "hole")]);
  await mustRun([
    "dd",
    "if=/dev/zero",
    `of=${join(path, "hole")}`,
    "bs=1",
    "count=1",
    "seek=500000000",
    "conv=notrunc",
  ]);
  await mustRun(["python3", "-c", `import os; os.setxattr(${JSON.stringify(`${path}/d/f`)}, "user.note", b"kept")`]);
}
const look = [
  "cd /v; stat -c '%n %u %g %a %F' . d d/f p; stat -c %Y d/f; stat -c %h same; readlink link; cat link;",
  "stat -c '%s' hole; [ $(($(stat -c %b hole) * 512)) -lt 1000000 ] && echo sparse",
].join(" ");
const seen = [
  ". 0 0 711 directory",
  "d 12 34 2750 directory",
  "d/f 12 34 644 regular file",
  "p 0 0 640 fifo",
  "981173106",
  "2",
  "d/f",
  "one",
  "1073741824",
  "sparse",
  "",
].join("\n");
const note = (path: string): Promise<string> =>
  mustRun(["python3", "-c", `import os; print(os.getxattr(${JSON.stringify(`${path}/d/f`)}, "user.note").decode())`]);

describe("copies", () => {
  test("a clone has everything, and is another volume", async () => {
    await fill("data");
    expect(await engine.ok("volume", "clone", "data", "copy")).toBe("copy\n");
    expect(await inVolume("copy", look)).toBe(seen);
    expect(await note(await pathOf("copy"))).toBe("kept\n");
    expect(await engine.ok("volume", "inspect", "-f", "{{.Labels.team}}", "copy")).toBe("a\n");
    await inVolume("copy", "echo two >/v/d/f");
    expect(await inVolume("data", "cat /v/d/f")).toBe("one\n");
    expect(await refusal("volume", "clone", "data", "copy")).toContain("volume name must be unique");
    expect(await refusal("volume", "clone", "nothing", "other")).toContain("get nothing: no such volume");
    expect(await refusal("volume", "clone", "data", "../x")).toContain("includes invalid characters");
  });

  test("through an archive, which GNU tar understands", async () => {
    await fill("data");
    const file = join(scratch, "data.tar");
    await engine.ok("volume", "export", "-o", file, "data");
    expect(lstatSync(file).size).toBeLessThan(1_000_000);
    const unpacked = join(scratch, "unpacked");
    mkdirSync(unpacked);
    await mustRun(["tar", "-xpf", file, "--xattrs", "-C", unpacked]);
    expect(lstatSync(join(unpacked, "hole"))).toMatchObject({ size: 2 ** 30 });
    expect(lstatSync(join(unpacked, "hole")).blocks * 512).toBeLessThan(1_000_000);
    expect(await note(unpacked)).toBe("kept\n");
    expect(await engine.ok("volume", "import", "back", file)).toBe("back\n");
    expect(await inVolume("back", look)).toBe(seen);
    expect(await note(await pathOf("back"))).toBe("kept\n");
    await mustRun(["tar", "-czSf", `${file}.gz`, "--format=posix", "--xattrs", "-C", unpacked, "."]);
    const berth = [...(await import("../../tools/lab/engines.ts")).berthCommand(), "-H", engine.host].join(" ");
    await mustRun(["sh", "-c", `${berth} volume import piped - < ${file}.gz`]);
    expect(await inVolume("piped", look)).toBe(seen);
    expect(await refusal("volume", "import", "back", file)).toContain("volume name must be unique");
    writeFileSync(file, "no archive".repeat(100));
    expect(await refusal("volume", "import", "bad", file)).toContain("archive/tar");
    expect(await refusal("volume", "import", "bad", join(scratch, "missing"))).toContain("no such file or directory");
    expect(await refusal("volume", "inspect", "bad")).toContain("no such volume");
  });

  test("snapshots: made, listed, restored, cloned, exported, removed", async () => {
    await engine.ok("volume", "create", "data");
    await inVolume("data", "echo one >/v/f");
    expect(await engine.ok("volume", "snapshot", "data", "before")).toBe("data@before\n");
    await inVolume("data", "echo two >/v/f; echo new >/v/g");
    expect(await engine.ok("volume", "snapshot", "data")).toMatch(/^data@20\d\d-/u);
    expect((await engine.ok("volume", "snapshots", "-q", "data")).split("\n")[0]).toBe("data@before");
    expect(await engine.ok("volume", "snapshots", "data")).toMatch(
      /^SNAPSHOT +CREATED AT +SIZE\ndata@before +\S+ +4B\n/u,
    );
    expect(await refusal("volume", "snapshot", "data", "before")).toContain("has a snapshot before already");
    await engine.ok("volume", "clone", "data@before", "old");
    expect(await inVolume("old", "cat /v/f; ls /v")).toBe("one\nf\n");
    await engine.ok("volume", "export", "-o", join(scratch, "old.tar"), "data@before");
    expect(await mustRun(["tar", "-xOf", join(scratch, "old.tar"), "./f"])).toBe("one\n");
    await engine.ok("run", "-d", ...alone, "--name", "user", "-v", "data:/v", "busybox", "sleep", "1000");
    expect(await refusal("volume", "restore", "data@before")).toContain("stop what uses it first: user");
    await engine.ok("stop", "-t", "0", "user");
    await engine.ok("volume", "restore", "data@before");
    expect(await inVolume("data", "cat /v/f; ls /v")).toBe("one\nf\n");
    await engine.ok("volume", "rm", "data@before");
    expect(await refusal("volume", "restore", "data@before")).toContain("volume data has no snapshot before");
    expect(await refusal("volume", "restore", "data")).toContain("data@SNAPSHOT");
    expect(await refusal("volume", "snapshot", "data", "../x")).toContain("invalid name of a snapshot");
    await engine.ok("rm", "user");
    // They go with their volume.
    await engine.ok("volume", "rm", "data");
    await engine.ok("volume", "create", "data");
    expect(await engine.ok("volume", "snapshots", "-q", "data")).toBe("");
  });

  test("writers stand still while a snapshot is taken, and go on", async () => {
    const line = "i=0; while :; do i=$((i+1)); for f in a b; do echo $i >/v/.$f; mv /v/.$f /v/$f; done; done";
    await engine.ok("run", "-d", ...alone, "--name", "writer", "-v", "data:/v", "busybox", "sh", "-c", line);
    await engine.ok("run", "-d", ...alone, "--name", "reader", "-v", "data:/v:ro", "busybox", "sleep", "1000");
    await inVolume("data", "dd if=/dev/urandom of=/v/big bs=1M count=20 2>/dev/null");
    const made = await engine.run("volume", "snapshot", "data", "still");
    expect(made).toMatchObject({ code: 0, stderr: "Paused meanwhile: writer\n" });
    expect(await engine.ok("inspect", "-f", "{{.State.Status}}", "writer", "reader")).toBe("running\nrunning\n");
    await engine.ok("volume", "clone", "data@still", "copy");
    const [a = 0, b = 0] = (await inVolume("copy", "cat /v/a /v/b")).split("\n").map(Number);
    expect(a - b).toBeLessThanOrEqual(1);
    expect(a - b).toBeGreaterThanOrEqual(0);
    expect((await engine.run("volume", "snapshot", "--live", "data", "live")).stderr).toBe("");
  });

  test("an engine that is killed at a snapshot lets the writers go on", async () => {
    await engine.ok("run", "-d", ...alone, "--name", "writer", "-v", "data:/v", "busybox", "sleep", "1000");
    await inVolume("data", "for i in $(seq 1 40); do dd if=/dev/urandom of=/v/$i bs=1M count=4 2>/dev/null; done");
    const snapshot = engine.run("volume", "snapshot", "data", "cut");
    await eventually("the writer is paused", async () =>
      (await engine.ok("inspect", "-f", "{{.State.Status}}", "writer")) === "paused\n" ? true : undefined,
    );
    await engine.kill();
    await snapshot.catch(() => undefined);
    await engine.start();
    expect(await engine.ok("inspect", "-f", "{{.State.Status}}", "writer")).toBe("running\n");
    expect(await engine.ok("volume", "snapshots", "-q", "data")).toBe("");
  });
});

describe("names and locks", () => {
  test("a volume gets another name, and all that have it follow", async () => {
    const writes = "until [ -e /v/stop ]; do sleep 0.05; done; cat /v/stop";
    await engine.ok("run", "-d", ...alone, "--name", "one", "-v", "data:/v", "busybox", "sh", "-c", writes);
    const mount = "type=volume,src=data,dst=/v,readonly";
    await engine.ok("create", ...alone, "--name", "two", "--mount", mount, "busybox", "cat", "/v/stop");
    await engine.ok("volume", "snapshot", "data", "early");
    await engine.ok("volume", "create", "taken");
    expect(await refusal("volume", "rename", "data", "taken")).toContain("volume name must be unique");
    expect(await refusal("volume", "rename", "data", "a/b")).toContain("includes invalid characters");
    await engine.ok("volume", "rename", "data", "vault");
    expect(await refusal("volume", "inspect", "data")).toContain("no such volume");
    await inVolume("vault", "echo done >/v/stop");
    expect(await engine.ok("wait", "one")).toBe("0\n");
    expect(await engine.ok("start", "-a", "two")).toBe("done\n");
    expect(await engine.ok("start", "-a", "one")).toBe("done\n");
    const shown = "{{range .Mounts}}{{.Name}}{{end}} {{json .HostConfig.Binds}}";
    expect(await engine.ok("inspect", "-f", shown, "one")).toBe('vault ["vault:/v"]\n');
    expect(await engine.ok("inspect", "-f", "{{(index .HostConfig.Mounts 0).Source}}", "two")).toBe("vault\n");
    expect(await engine.ok("volume", "snapshots", "-q", "vault")).toBe("vault@early\n");
    expect(await refusal("volume", "rm", "vault")).toContain("volume is in use");
  });

  test("a locked volume is removed by nobody", async () => {
    await engine.ok("volume", "create", "data");
    await inVolume("data", "echo one >/v/f");
    await engine.ok("volume", "snapshot", "data", "s");
    await engine.ok("run", "-d", ...alone, "--name", "holder", "-v", "/anon", "busybox", "sleep", "1000");
    const anonymous = (await engine.ok("inspect", "-f", "{{range .Mounts}}{{.Name}}{{end}}", "holder")).trim();
    expect(await engine.ok("volume", "lock", "data", anonymous)).toBe(`data\n${anonymous}\n`);
    expect(await engine.ok("volume", "inspect", "-f", "{{.Status.locked}}", "data")).toBe("true\n");
    for (const name of ["data", "data@s"])
      expect(await refusal("volume", "rm", "-f", name)).toContain("the volume is locked: unlock it first");
    expect(await refusal("volume", "restore", "data@s")).toContain("the volume is locked");
    await engine.ok("rm", "-fv", "holder");
    await engine.ok("volume", "prune", "-af");
    expect((await engine.ok("volume", "ls", "-q")).split("\n")).toEqual(expect.arrayContaining(["data", anonymous]));
    await engine.kill();
    await engine.start();
    expect(await refusal("volume", "rm", "data")).toContain("the volume is locked");
    await engine.ok("volume", "unlock", "data", anonymous);
    await engine.ok("volume", "prune", "-af");
    expect(await engine.ok("volume", "ls", "-q")).toBe("");
  });

  test("disk use leaves holes out", async () => {
    await fill("data");
    const { Volumes } = JSON.parse((await engine.api("GET", "/system/df")).text) as {
      Volumes: readonly { readonly UsageData: { readonly Size: number } }[];
    };
    expect(Volumes[0]?.UsageData.Size).toBeLessThan(1_000_000);
  });

  test("a size needs a file system that keeps quotas", async () => {
    const { code, stderr } = await engine.run("volume", "create", "-o", "size=1g", "small");
    // On a machine whose /tmp keeps project quotas the volume is made.
    if (code === 0) return;
    expect(stderr).toContain("create small: quota size requested but no quota support");
  });

  test("what is not the engine's own is not copied", async () => {
    await engine.ok("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "memory");
    expect(await refusal("volume", "clone", "memory", "copy")).toContain("it is mounted from elsewhere (type=tmpfs)");
    expect(await refusal("volume", "snapshot", "memory")).toContain("it is mounted from elsewhere (type=tmpfs)");
  });
});

describe("owners", () => {
  const as = (user: string, mount: readonly string[], line: string): Promise<CommandResult> =>
    engine.run("run", "--rm", ...alone, "-u", user, ...mount, "busybox", "sh", "-c", line);

  test("what is root's on the disk is the user's in the container", async () => {
    await engine.ok("volume", "create", "data");
    const mount = ["-v", "data:/v:uid=1000,gid=1001"];
    const wrote = await as("1000:1001", mount, "echo hi >/v/f && stat -c '%u %g' /v /v/f");
    expect(wrote).toMatchObject({ code: 0, stdout: "1000 1001\n1000 1001\n" });
    expect(await inVolume("data", "stat -c '%u %g' /v/f")).toBe("0 0\n");
    // The two have changed places.
    expect((await as("0", mount, "touch /v/r; stat -c '%u %g' /v/r")).stdout).toBe("0 0\n");
    expect(await inVolume("data", "stat -c '%u %g' /v/r")).toBe("1000 1001\n");
    const long = ["--mount", "type=volume,src=data,dst=/v,uid=7,gid=8,readonly"];
    expect((await as("7", long, "stat -c '%u %g' /v/f; touch /v/x")).stdout).toBe("7 8\n");
  });

  test("a folder of the host, whoever owns it", async () => {
    const host = join(scratch, "home");
    mkdirSync(host);
    await command(["chown", "501:502", host]);
    const mount = ["-v", `${host}:/v:uid=33`];
    expect((await as("33", mount, "echo hi >/v/f; stat -c '%u %g' /v /v/f")).stdout).toBe("33 502\n33 0\n");
    expect(lstatSync(join(host, "f"))).toMatchObject({ uid: 501, gid: 0 });
    expect(readFileSync(join(host, "f"), "utf8")).toBe("hi\n");
  });

  test.each([
    ["-v", "data:/v:uid=x", "invalid mode: uid=x"],
    ["-v", "data:/v:uid=4294967295", "invalid mode: uid=4294967295"],
    ["-v", "data:/v:uid=1,uid=2", "invalid mode: uid=1,uid=2"],
    ["--mount", "type=volume,src=data,dst=/v,uid=-1", "invalid value for uid: -1"],
    ["--mount", "type=tmpfs,dst=/v,uid=1", "field Owner must not be specified"],
  ])("%s %s", async (flag, value, says) => {
    expect(await refusal("run", "--rm", ...alone, flag, value, "busybox", "true")).toContain(says);
  });

  test("a file system that cannot is named", async () => {
    const refused = await as("0", ["-v", "/proc/sys:/v:uid=5"], "true");
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain(
      'error mounting "/proc/sys" to rootfs at "/v": showing other owners (uid=, gid=), which not every file system can: invalid argument',
    );
  });
});

test("a bind with bind-create-src makes the folder that it binds", async () => {
  const folder = join(engine.dir, "bound/deep");
  const run = (options: string): Promise<string> =>
    engine.ok("run", "--rm", "--mount", `type=bind,src=${folder},dst=/m${options}`, "busybox", "touch", "/m/made");
  expect(run("")).rejects.toThrow(`bind source path does not exist: ${folder}`);
  expect(run(",bind-create-src=false")).rejects.toThrow(`bind source path does not exist: ${folder}`);
  await run(",bind-create-src");
  expect(existsSync(join(folder, "made"))).toBe(true);
});
