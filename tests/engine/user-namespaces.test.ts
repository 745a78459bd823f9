/** `--userns-remap`: containers whose root is nobody on the host, over the same images and volumes as ever. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, mustRun } from "../../tools/lab/command.ts";
import { foreignRuntimes } from "../../tools/lab/foreign-runtimes.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

const scratch = makeScratch("userns");
const shared = join(scratch, "shared");
let engine: BusyboxEngine;

beforeAll(async () => {
  const etc = join(scratch, "etc");
  for (const path of [etc, shared]) mkdirSync(path);
  for (const name of ["subuid", "subgid"]) writeFileSync(join(etc, name), "root:100000:65536\n");
  writeFileSync(join(shared, "of-host"), "text");
  // The engine sees these files in the machine's /etc, nobody else does.
  const through = ["unshare", "-m", "sh", "-c", `mount -t overlay -o lowerdir=${etc}:/etc etc /etc && exec "$@"`, "sh"];
  const others = Object.entries(await foreignRuntimes(scratch)).map(([name, path]) => `--add-runtime=${name}=${path}`);
  const extraArgs = ["--userns-remap", "root", ...others];
  engine = await BusyboxEngine.open({ bridge: "buserns0", bip: "172.31.242.1/24", extraArgs, through });
  // As the folders above a data root are: those ids go through it.
  for (const path of [scratch, engine.dir]) chmodSync(path, 0o711);
}, 180_000);
afterAll(async () => {
  await engine.close();
  removeScratch(scratch);
});
afterEach(() => engine.removeAll());

const shell = (line: string, ...flags: readonly string[]): Promise<string> =>
  engine.ok("run", "--rm", ...flags, "busybox", "sh", "-c", line);
const sleeper = (name: string, ...flags: readonly string[]): Promise<string> =>
  engine.ok("run", "-d", "--name", name, ...flags, "busybox", "sh", "-c", "echo x > /made; chown 7:8 /made; sleep 600");
/** Until its file is there and has its owner. */
const hasMade = (name: string): Promise<true> =>
  eventually(`the file of ${name}`, async () =>
    (await engine.run("exec", name, "stat", "-c", "%u:%g", "/made")).stdout === "7:8\n" ? true : undefined,
  );
const pidOf = async (name: string): Promise<number> => Number(await engine.ok("inspect", "-f", "{{.State.Pid}}", name));
const hostUid = async (name: string): Promise<string> =>
  /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${await pidOf(name)}/status`, "utf8"))?.[1] ?? "";

test("its root is nobody's on the host, and owns the image's files", async () => {
  const line =
    "id -u; cat /proc/self/uid_map; stat -c %u:%g /bin /etc/hosts; touch /new && stat -c %u:%g /new; hostname";
  const shown = await shell(line, "-h", "inside");
  expect(shown.replaceAll(/ +/g, " ")).toBe("0\n 0 100000 65536\n0:0\n0:0\n0:0\ninside\n");
  await sleeper("box", "-u", "5:6");
  expect(await hostUid("box")).toBe("100005");
  expect(await engine.ok("inspect", "-f", "{{.HostConfig.UsernsMode}}", "box")).toBe("\n");
  expect(await engine.ok("info", "-f", "{{.SecurityOptions}}")).toContain("name=userns");
});

test.each(["debian-runc", "crun", "own"])("with %s: devices, also at another path", async (name) => {
  const devices = ["--device", "/dev/zero:/dev/mine/other:r", "--device", "/dev/full"];
  const line =
    "for node in /dev/mine/other /dev/full; do stat -c '%F %t:%T' $node; done; head -c 3 /dev/mine/other | od -An -tx1";
  const shown = await shell(line, "--runtime", name, ...devices);
  expect(shown.split("\n").map((text) => text.trim())).toEqual([
    ...["character special file 1:5", "character special file 1:7", "00 00 00", ""],
  ]);
});

test.each(["debian-runc", "crun", "own"])("with %s: ids, volumes, binds, exec, restart", async (name) => {
  const runtime = ["--runtime", name];
  const line =
    "id -u; cat /proc/self/uid_map; stat -c %u:%g /bin /etc/hosts; touch /new && stat -c %u:%g /new; hostname; ip -o addr show eth0 | wc -l";
  const shown = await shell(line, "-h", "inside", ...runtime);
  expect(shown.replaceAll(/ +/g, " ")).toBe("0\n 0 100000 65536\n0:0\n0:0\n0:0\ninside\n1\n");
  const flags = ["-v", "data:/data", "-v", `${shared}:/shared`, ...runtime];
  expect(await shell("touch /data/a; chown 3:4 /data/a; stat -c %u:%g /data /data/a /shared/of-host", ...flags)).toBe(
    "0:0\n3:4\n65534:65534\n",
  );
  const denied = await engine.run("run", "--rm", ...flags, "busybox", "touch", "/shared/new");
  expect(denied.stderr).toContain("Permission denied");
  expect(await shell("stat -c %u:%g /data/a /shared/of-host", "--userns=host", ...flags)).toBe("3:4\n0:0\n");
  expect((await engine.run("run", "--rm", ...flags, "--read-only", "busybox", "touch", "/x")).code).toBe(1);

  await sleeper("box", "-u", "0", ...runtime);
  await hasMade("box");
  expect(await hostUid("box")).toBe("100000");
  await engine.kill();
  await engine.start();
  expect(await engine.ok("exec", "-u", "9", "box", "sh", "-c", "id -u; stat -c %u:%g /made")).toBe("9\n7:8\n");
  await engine.ok("restart", "-t", "0", "box");
  expect(await engine.ok("exec", "box", "stat", "-c", "%u:%g", "/made")).toBe("7:8\n");
  await sleeper("partner", "--network", "container:box", ...runtime);
  expect(await engine.ok("exec", "partner", "stat", "-c", "%u:%g", "/bin")).toBe("0:0\n");
  await engine.ok("rm", "-f", "box", "partner");
  await engine.ok("volume", "rm", "data");
});

test.each(["debian-runc", "crun", "own"])("with %s: mounts with other owners, with the host's ids", async (name) => {
  const flags = ["--userns=host", "--runtime", name, "-v", `${shared}:/shared:uid=33,gid=44`];
  expect(await shell("stat -c %u:%g /shared/of-host /bin", ...flags)).toBe("33:44\n0:0\n");
});

test("volumes have its ids, bind mounts the host's", async () => {
  const flags = ["-v", "data:/data", "-v", `${shared}:/shared`];
  expect(await shell("touch /data/a; chown 3:4 /data/a; stat -c %u:%g /data /data/a /shared/of-host", ...flags)).toBe(
    "0:0\n3:4\n65534:65534\n",
  );
  const denied = await engine.run("run", "--rm", ...flags, "busybox", "touch", "/shared/new");
  expect(denied.stderr).toContain("Permission denied");
  expect(await shell("stat -c %u:%g /data/a /shared/of-host", "--userns=host", ...flags)).toBe("3:4\n0:0\n");
  const { uid, gid } = statSync(join(engine.dir, "data/volumes/data/_data/a"));
  expect([uid, gid]).toEqual([3, 4]);
  await engine.ok("volume", "rm", "data");
});

test("--userns=host opts out; what needs the host's rights is refused without", async () => {
  expect(await shell("cat /proc/self/uid_map; stat -c %u /bin", "--userns=host")).toMatch(/^ +0 +0 +4294967295\n0\n$/);
  const refusal = async (...flags: readonly string[]): Promise<string> =>
    (await engine.run("run", "--rm", ...flags, "busybox", "true")).stderr;
  expect(await refusal("--privileged")).toContain("privileged mode is incompatible with user namespaces");
  expect(await refusal("--network", "host")).toContain(
    "cannot share the host's network namespace when user namespaces",
  );
  expect(await refusal("--pid", "host")).toContain("cannot share the host PID namespace when user namespaces");
  expect(await shell("echo fine", "--userns=host", "--network", "host")).toBe("fine\n");
});

test("exec is in it, also after the engine was killed; others share it with their partner", async () => {
  await sleeper("box");
  await hasMade("box");
  await engine.kill();
  await engine.start();
  const line = "id -u; cut -c 1-21 /proc/self/uid_map; stat -c %u:%g /made";
  expect((await engine.ok("exec", "-u", "9", "box", "sh", "-c", line)).replaceAll(/ +/g, " ")).toBe(
    "9\n 0 100000\n7:8\n",
  );
  await sleeper("partner", "--network", "container:box", "--ipc", "none");
  await hasMade("partner");
  const namespaces = await Promise.all(
    ["box", "partner"].map(async (name) => statSync(`/proc/${await pidOf(name)}/ns/user`).ino),
  );
  expect(namespaces[0]).toBe(namespaces[1]);
  expect(await engine.ok("exec", "partner", "stat", "-c", "%u:%g", "/made")).toBe("7:8\n");
});

test("changes, commit and restart keep the ids", async () => {
  await sleeper("box");
  await hasMade("box");
  expect(await engine.ok("diff", "box")).toContain("A /made");
  await engine.ok("commit", "box", "kept");
  await engine.ok("restart", "-t", "0", "box");
  expect(await engine.ok("exec", "box", "stat", "-c", "%u:%g", "/made")).toBe("7:8\n");
  const flags = ["run", "--rm", "--userns=host", "kept", "stat", "-c", "%u:%g", "/made"];
  expect(await engine.ok(...flags)).toBe("7:8\n");
});

test("cp knows its ids while it runs and when it does not", async () => {
  await sleeper("box", "-v", "data:/data");
  await hasMade("box");
  const file = join(scratch, "file");
  writeFileSync(file, "text\n");
  for (const state of ["running", "stopped"]) {
    if (state === "stopped") await engine.ok("kill", "box");
    await engine.ok("cp", file, `box:/in-${state}`);
    await engine.ok("cp", file, `box:/data/in-${state}`);
    // The owner's fields of the archive's first header (tar(5)).
    const archive = await engine.ok("cp", "box:/made", "-");
    expect([state, archive.slice(108, 115), archive.slice(116, 123)]).toEqual([state, "0000007", "0000010"]);
  }
  await engine.ok("start", "box");
  const names = ["/in-running", "/data/in-running", "/in-stopped", "/data/in-stopped"];
  expect(await engine.ok("exec", "box", "stat", "-c", "%u:%g", ...names)).toBe("0:0\n".repeat(4));
  const exported = await engine.ok("export", "-o", join(scratch, "box.tar"), "box");
  expect(exported).toBe("");
  const listed = await mustRun(["tar", "--numeric-owner", "-tvf", join(scratch, "box.tar"), "made", "in-running"]);
  expect(listed).toMatch(/^\S+ 0\/0 .* in-running\n\S+ 7\/8 .* made\n$/);
  await engine.ok("rm", "-f", "box");
  await engine.ok("volume", "rm", "data");
});
