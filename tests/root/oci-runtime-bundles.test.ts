/** What `berth-runtime` makes of bundles: output, hooks, errors, links in images. Of the kernel oci-runtime.test.ts asks. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import type { Mount } from "#spec/oci/runtime.ts";
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

test("features and spec", async () => {
  const features = JSON.parse((await runtime("features")).stdout) as { readonly ociVersionMax: string };
  expect(features.ociVersionMax).toBe("1.3.0");
  mkdirSync(`${directory}/new`);
  expect((await runtime("spec", "--bundle", `${directory}/new`)).exitCode).toBe(0);
  expect(JSON.parse(readFileSync(`${directory}/new/config.json`, "utf8"))).toMatchObject({ ociVersion: "1.3.0" });
}, 180_000);
