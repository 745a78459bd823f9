import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";

import type { Mount, RuntimeSpec } from "#spec/oci/runtime.ts";
import { OciFixture } from "./oci-fixture.ts";

let fixture: OciFixture;
let directory = "";

beforeAll(() => {
  fixture = new OciFixture();
  directory = fixture.directory;
});
afterEach(() => fixture.clear());
afterAll(() => fixture.close());

const runtime = (...args: readonly string[]) => fixture.run(...args);
const bundle: OciFixture["bundle"] = (...args) => fixture.bundle(...args);

test("create, state, start, exec, kill, delete", async () => {
  const { path, id } = bundle(["sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.1; done"]);
  const pidFile = `${directory}/pid`;
  expect(await runtime("create", "--bundle", path, "--pid-file", pidFile, id)).toEqual({
    exitCode: 0,
    stdout: "",
    stderr: "",
  });
  const created = JSON.parse((await runtime("state", id)).stdout) as Record<string, unknown>;
  expect(created).toMatchObject({ id, status: "created", bundle: path, pid: Number(readFileSync(pidFile, "utf8")) });
  expect((await runtime("start", id)).exitCode).toBe(0);
  expect(JSON.parse((await runtime("state", id)).stdout)).toMatchObject({ status: "running" });
  expect((await runtime("start", id)).stderr).toContain("cannot start an already running container");
  const exec = await runtime(
    "exec",
    "--env",
    "A=b",
    "--cwd",
    "/tmp",
    "--user",
    "5:6",
    id,
    "sh",
    "-c",
    "echo $A $(hostname) $(id -u):$(id -g); pwd; exit 7",
  );
  expect(exec).toEqual({ exitCode: 7, stdout: "b bundle 5:6\n/tmp\n", stderr: "" });
  expect((await runtime("delete", id)).stderr).toContain("is not stopped");
  const listed = JSON.parse((await runtime("list", "--format", "json")).stdout) as readonly { readonly id: string }[];
  expect(listed.map((row) => row.id)).toEqual([id]);
  expect(
    (JSON.parse((await runtime("ps", "--format", "json", id)).stdout) as readonly number[]).length,
  ).toBeGreaterThan(0);
  expect((await runtime("pause", id)).exitCode).toBe(0);
  expect(JSON.parse((await runtime("state", id)).stdout)).toMatchObject({ status: "paused" });
  expect((await runtime("resume", id)).exitCode).toBe(0);
  expect((await runtime("kill", id, "TERM")).exitCode).toBe(0);
  for (let tries = 0; tries < 100; tries++) {
    const { status } = JSON.parse((await runtime("state", id)).stdout) as { readonly status: string };
    if (status === "stopped") break;
  }
  expect((await runtime("kill", id)).stderr).toContain("container not running");
  expect((await runtime("delete", id)).exitCode).toBe(0);
  expect((await runtime("state", id)).stderr).toContain("container does not exist");
}, 180_000);

test("run gives output and exit code and leaves nothing", async () => {
  const { path, id } = bundle(["sh", "-c", "hostname; echo err >&2; exit 5"]);
  expect(await runtime("run", "--bundle", path, id)).toEqual({ exitCode: 5, stdout: "bundle\n", stderr: "err\n" });
  expect((await runtime("list", "-q")).stdout).toBe("");
}, 180_000);

test("hooks run with the state on stdin, a failing one leaves nothing", async () => {
  const record = `${directory}/hook`;
  const hook = (name: string) => ({
    path: "/bin/sh",
    args: ["sh", "-c", `cat >> ${record}; echo " ${name}" >> ${record}`],
  });
  const { path, id } = bundle(["true"], (spec) => ({
    ...spec,
    hooks: {
      prestart: [hook("prestart")],
      createRuntime: [hook("createRuntime")],
      poststart: [hook("poststart")],
      poststop: [hook("poststop")],
    },
  }));
  expect((await runtime("run", "--bundle", path, id)).exitCode).toBe(0);
  const lines = readFileSync(record, "utf8").trimEnd().split("\n");
  expect(lines.map((line) => line.slice(line.lastIndexOf(" ") + 1))).toEqual([
    "prestart",
    "createRuntime",
    "poststart",
    "poststop",
  ]);
  expect(JSON.parse(lines[0]?.slice(0, -" prestart".length) ?? "")).toMatchObject({ id, status: "creating" });
  const bad = bundle(["true"], (spec) => ({ ...spec, hooks: { prestart: [{ path: "/bin/false" }] } }));
  expect((await runtime("create", "--bundle", bad.path, bad.id)).stderr).toContain(
    "error running prestart hook #0: exit status 1",
  );
  expect((await runtime("list", "-q")).stdout).toBe("");
}, 180_000);

test("errors leave nothing and are in the log", async () => {
  const missing = bundle(["/nothing"]);
  expect((await runtime("run", "--bundle", missing.path, missing.id)).exitCode).toBe(1);
  const refused = bundle(["true"], (spec) => ({ ...spec, linux: { ...spec.linux, intelRdt: {} } }));
  expect((await runtime("create", "--bundle", refused.path, refused.id)).stderr).toContain(
    "linux.intelRdt is not supported yet",
  );
  expect((await runtime("create", "--bundle", `${directory}/nowhere`, "x")).stderr).toContain("not found");
  expect((await runtime("create", "--bundle", refused.path, "../x")).stderr).toContain("invalid container ID format");
  expect((await runtime("checkpoint", "x")).stderr).toContain("checkpoint is not supported");
  expect((await runtime("list", "-q")).stdout).toBe("");
  expect(fixture.lastLog()).toMatchObject({
    level: "error",
    msg: expect.stringContaining("checkpoint is not supported"),
  });
}, 180_000);

test("no symlink of the image leads a mount into /proc, or /proc and /sys elsewhere", async () => {
  const linked = async (link: string, to: string, mount: Mount): Promise<string> => {
    const { path, id } = bundle(["cat", "/proc/self/mounts"], (spec) => ({
      ...spec,
      mounts: [...(spec.mounts ?? []), mount],
    }));
    rmSync(`${path}/rootfs/${link}`, { recursive: true, force: true });
    symlinkSync(to, `${path}/rootfs/${link}`);
    const { exitCode, stderr } = await runtime("run", "--bundle", path, id);
    expect(exitCode).toBe(1);
    return stderr;
  };
  const bind: Mount = { destination: "/link", type: "bind", source: directory, options: ["rbind"] };
  const tmpfs: Mount = { destination: "/link/attr", type: "tmpfs", source: "tmpfs" };
  const inside = "cannot be mounted because it is inside /proc: /link";
  for (const to of ["/proc", "proc/sys/kernel", "../../proc/self/attr"])
    expect(await linked("link", to, bind)).toContain(inside);
  expect(await linked("link", "/proc/self", tmpfs)).toContain(`${inside}/attr`);
  expect(await linked("proc", "/tmp", tmpfs)).toContain("must be mounted on ordinary directory: /proc");
  const sysfs: Mount = { destination: "/sys", type: "sysfs", source: "sysfs" };
  expect(await linked("sys", "/tmp", sysfs)).toContain("must be mounted on ordinary directory: /sys");
}, 180_000);

test("a shared bind passes mounts both ways, a slave one only in, a private one neither", async () => {
  const seen: Record<string, string> = {};
  for (const mode of ["rshared", "rslave", "rprivate"]) {
    const shared = `${directory}/shared-${mode}`;
    mkdirSync(`${shared}/in`, { recursive: true });
    mkdirSync(`${shared}/out`);
    const script =
      "mount -t tmpfs fromcontainer /p/in; touch /p/ready; while ! test -e /p/go; do sleep 0.05; done; grep -c fromhost /proc/self/mounts";
    const { path, id } = bundle(["sh", "-c", script], (spec) => ({
      ...spec,
      process: {
        ...(spec.process as NonNullable<RuntimeSpec["process"]>),
        capabilities: { bounding: ["CAP_SYS_ADMIN"], permitted: ["CAP_SYS_ADMIN"], effective: ["CAP_SYS_ADMIN"] },
      },
      mounts: [...(spec.mounts ?? []), { destination: "/p", type: "bind", source: shared, options: ["rbind", mode] }],
      linux: {
        ...spec.linux,
        ...(mode === "rprivate" ? {} : { rootfsPropagation: mode === "rshared" ? "shared" : "rslave" }),
      },
    }));
    const run = [...fixture.program, "--root", `${directory}/state`, "run", "--bundle", path, id].join(" ");
    // A mount namespace of its own with shared mounts, so that nothing reaches the machine's.
    const outside = `mount --make-rshared / && mount --bind ${shared} ${shared} && { ${run} & } && while ! test -e ${shared}/ready; do sleep 0.05; done; grep -q "fromcontainer ${shared}/in " /proc/self/mounts && echo out; mount -t tmpfs fromhost ${shared}/out; touch ${shared}/go; wait`;
    const child = Bun.spawn(["timeout", "30", "unshare", "-m", "sh", "-c", outside], {
      stdin: "ignore",
      stdout: Bun.file(`${shared}.txt`),
      stderr: "inherit",
    });
    await child.exited;
    seen[mode] = readFileSync(`${shared}.txt`, "utf8").trim().split("\n").join(" ");
  }
  expect(seen).toEqual({ rshared: "out 1", rslave: "1", rprivate: "0" });
}, 180_000);

test("features and spec", async () => {
  const features = JSON.parse((await runtime("features")).stdout) as { readonly ociVersionMax: string };
  expect(features.ociVersionMax).toBe("1.3.0");
  mkdirSync(`${directory}/new`);
  expect((await runtime("spec", "--bundle", `${directory}/new`)).exitCode).toBe(0);
  expect(JSON.parse(readFileSync(`${directory}/new/config.json`, "utf8"))).toMatchObject({ ociVersion: "1.3.0" });
}, 180_000);
