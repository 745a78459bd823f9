import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";

import { openCgroups } from "#host/cgroup/open-cgroups.ts";
import type { RuntimeSpec } from "#spec/oci/runtime.ts";
import { berthCommand } from "../../tools/lab/engines.ts";

/** Needs root. `berth-runtime` as its callers use it: one process a command, state only on disk. */
let directory = "";
const program = [...berthCommand(), ".runtime"];
const parent = `/berth-test-oci-${String(process.pid)}`;
let count = 0;

beforeAll(() => {
  if (process.getuid?.() !== 0) throw new Error("this test needs root");
  directory = mkdtempSync(`${tmpdir()}/berth-oci-test-`);
});

afterEach(async () => {
  for (const id of (await runtime("list", "-q")).stdout.split("\n").filter((line) => line !== ""))
    await runtime("delete", "--force", id);
  const cgroups = openCgroups();
  expect(cgroups.children(parent)).toEqual([]);
  cgroups.removeEmpty(parent);
});

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

interface Result {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Output goes to files: what a container keeps open must not hold up the test. */
async function runtime(...args: readonly string[]): Promise<Result> {
  const out = `${directory}/out-${String(++count)}`;
  const child = Bun.spawn(
    [...program, "--root", `${directory}/state`, "--log", `${directory}/log`, "--log-format", "json", ...args],
    {
      stdin: "ignore",
      stdout: Bun.file(`${out}.1`),
      stderr: Bun.file(`${out}.2`),
    },
  );
  const exitCode = await child.exited;
  const read = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
  return { exitCode, stdout: read(`${out}.1`), stderr: read(`${out}.2`) };
}

function bundle(
  args: readonly string[],
  change: (spec: RuntimeSpec) => RuntimeSpec = (spec) => spec,
): { readonly path: string; readonly id: string } {
  const id = `oci${String(process.pid)}n${String(++count)}`;
  const path = `${directory}/bundle-${id}`;
  for (const name of ["bin", "proc", "dev", "sys", "tmp"]) mkdirSync(`${path}/rootfs/${name}`, { recursive: true });
  copyFileSync("/bin/busybox", `${path}/rootfs/bin/busybox`);
  chmodSync(`${path}/rootfs/bin/busybox`, 0o755);
  for (const name of ["sh", "sleep", "cat", "id", "true", "hostname", "echo", "ps", "mount", "touch", "grep", "test"])
    symlinkSync("busybox", `${path}/rootfs/bin/${name}`);
  writeFileSync(`${path}/config.json`, JSON.stringify(change(example(args, id))));
  return { path, id };
}

function example(args: readonly string[], id: string): RuntimeSpec {
  return {
    ociVersion: "1.0.2",
    process: {
      user: { uid: 0, gid: 0 },
      args,
      env: ["PATH=/bin"],
      cwd: "/",
      capabilities: { bounding: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"], effective: ["CAP_CHOWN"] },
    },
    root: { path: "rootfs", readonly: true },
    hostname: "bundle",
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "mode=755"] },
      { destination: "/tmp", type: "tmpfs", source: "tmpfs" },
    ],
    linux: {
      cgroupsPath: `${parent}/${id}`,
      namespaces: (["pid", "network", "ipc", "uts", "mount"] as const).map((type) => ({ type })),
    },
  };
}

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
}, 60_000);

test("run gives output and exit code and leaves nothing", async () => {
  const { path, id } = bundle(["sh", "-c", "hostname; echo err >&2; exit 5"]);
  expect(await runtime("run", "--bundle", path, id)).toEqual({ exitCode: 5, stdout: "bundle\n", stderr: "err\n" });
  expect((await runtime("list", "-q")).stdout).toBe("");
}, 30_000);

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
}, 60_000);

test("errors leave nothing and are in the log", async () => {
  const missing = bundle(["/nothing"]);
  expect((await runtime("run", "--bundle", missing.path, missing.id)).exitCode).toBe(1);
  const refused = bundle(["true"], (spec) => ({ ...spec, linux: { ...spec.linux, intelRdt: {} } }));
  expect((await runtime("create", "--bundle", refused.path, refused.id)).stderr).toContain(
    "linux.intelRdt is not supported yet",
  );
  expect((await runtime("create", "--bundle", `${directory}/nowhere`, "x")).stderr).toContain("not found");
  expect((await runtime("create", "--bundle", refused.path, "../x")).stderr).toContain("invalid container ID format");
  expect((await runtime("checkpoint", "x")).stderr).toContain("checkpoint is not supported yet");
  expect((await runtime("list", "-q")).stdout).toBe("");
  const last = readFileSync(`${directory}/log`, "utf8").trimEnd().split("\n").at(-1) ?? "";
  expect(JSON.parse(last)).toMatchObject({ level: "error", msg: "checkpoint is not supported yet" });
}, 60_000);

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
    const run = [...program, "--root", `${directory}/state`, "run", "--bundle", path, id].join(" ");
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
}, 60_000);

test("features and spec", async () => {
  const features = JSON.parse((await runtime("features")).stdout) as { readonly ociVersionMax: string };
  expect(features.ociVersionMax).toBe("1.3.0");
  mkdirSync(`${directory}/new`);
  expect((await runtime("spec", "--bundle", `${directory}/new`)).exitCode).toBe(0);
  expect(JSON.parse(readFileSync(`${directory}/new/config.json`, "utf8"))).toMatchObject({ ociVersion: "1.3.0" });
}, 30_000);
