/** `berth-runtime` as engines call it, as far as a kernel decides. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import type { RuntimeSpec } from "#spec/oci/runtime.ts";
import { eventually } from "../../tools/lab/command.ts";
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

test("of several creations of one id at once one makes the container, and the others leave it alone", async () => {
  const { path, id } = bundle(["sleep", "100"]);
  const results = await Promise.all(Array.from({ length: 4 }, () => runtime("create", "--bundle", path, id)));
  expect(results.filter(({ exitCode }) => exitCode === 0).length).toBe(1);
  for (const { exitCode, stderr } of results) if (exitCode !== 0) expect(stderr).toContain("given ID already exists");
  expect(JSON.parse((await runtime("state", id)).stdout)).toMatchObject({ id, status: "created" });
  expect((await runtime("delete", "--force", id)).exitCode).toBe(0);
});

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
  await eventually("it is stopped", async () => {
    const { status } = JSON.parse((await runtime("state", id)).stdout) as { readonly status: string };
    return status === "stopped" ? true : undefined;
  });
  expect((await runtime("kill", id)).stderr).toContain("container not running");
  expect((await runtime("delete", id)).exitCode).toBe(0);
  expect((await runtime("state", id)).stderr).toContain("container does not exist");
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
    const child = Bun.spawn(["timeout", "150", "unshare", "-m", "sh", "-c", outside], {
      stdin: "ignore",
      stdout: Bun.file(`${shared}.txt`),
      stderr: "inherit",
    });
    await child.exited;
    seen[mode] = readFileSync(`${shared}.txt`, "utf8").trim().split("\n").join(" ");
  }
  expect(seen).toEqual({ rshared: "out 1", rslave: "1", rprivate: "0" });
}, 180_000);
