/** `RUN --device`: devices of CDI specifications, for who has been allowed them. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeScratch, removeScratch } from "../../../tools/lab/scratch.ts";
import { BuildLab } from "./build-lab.ts";

setDefaultTimeout(180_000);

const scratch = makeScratch("build-cdi");
const told = join(scratch, "told");
let lab: BuildLab;

beforeAll(async () => {
  const specs = join(scratch, "cdi");
  const hook = join(scratch, "hook");
  mkdirSync(specs);
  writeFileSync(hook, `#!/bin/sh\nexport PATH=/usr/bin:/bin\ncat > /dev/null\necho $1 >> ${told}\n`);
  chmodSync(hook, 0o755);
  const device = (name: string, minor: number): object => ({
    name,
    containerEdits: {
      env: [`DEVICE_${name.toUpperCase()}=here`],
      deviceNodes: [{ path: `/dev/tested-${name}`, hostPath: "/dev/null", type: "c", major: 1, minor }],
      mounts: [{ hostPath: hook, containerPath: `/opt/${name}/driver`, options: ["ro"] }],
      hooks: ["createRuntime", "poststart", "poststop"].map((hookName) => ({
        hookName,
        path: hook,
        args: ["hook", hookName],
      })),
    },
  });
  const spec = { cdiVersion: "0.6.0", kind: "vendor.com/class", devices: [device("one", 3), device("two", 5)] };
  writeFileSync(join(specs, "vendor.json"), JSON.stringify(spec));
  lab = await BuildLab.open("bbldd", "172.31.220.1/24", ["--cdi-spec-dir", specs]);
}, 180_000);
afterAll(async () => {
  await lab.close();
  removeScratch(scratch);
});

const context = (line: string): string =>
  lab.context({ Dockerfile: `# syntax=docker/dockerfile:1-labs\nFROM busybox\nRUN ${line}\n` });
const see = "sh -c 'echo $DEVICE_ONE-$DEVICE_TWO; ls /dev | grep tested; ls /opt/*/driver 2>&-' > /seen";

test.each([
  ["vendor.com/class=one", "here-\ntested-one\n/opt/one/driver\n"],
  ["name=vendor.com/class=two,required", "-here\ntested-two\n/opt/two/driver\n"],
  ["vendor.com/class=*", "here-here\ntested-one\ntested-two\n/opt/one/driver\n/opt/two/driver\n"],
  ["vendor.com/class", "here-\ntested-one\n/opt/one/driver\n"],
  ["vendor.com/class=none", "-\n"],
])("%s", async (device, seen) => {
  const run = context(`--device=${device} ${see}; true`);
  const id = (await lab.engine.ok("build", "-q", "--no-cache", "--allow", "device", run)).trim();
  expect(await lab.runIn(id, "cat", "/seen")).toBe(seen);
  // Nothing of the device stays in the image.
  expect(await lab.runIn(id, "sh", "-c", "ls /dev | grep tested; env | grep DEVICE; ls -d /opt 2>&-; true")).toBe("");
});

test("hooks run at their times", async () => {
  writeFileSync(told, "");
  await lab.engine.ok("build", "--no-cache", "--allow", "device", context("--device=vendor.com/class=one true"));
  expect(readFileSync(told, "utf8")).toBe("createRuntime\npoststart\npoststop\n");
});

test("what was not allowed, or is required and not there, is refused", async () => {
  const refused = async (device: string, ...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await lab.engine.run("build", ...args, context(`--device=${device} true`));
    expect(code).toBe(1);
    return stderr;
  };
  expect(await refused("vendor.com/class=one")).toContain("device vendor.com/class=one is not allowed");
  const other = await refused("vendor.com/class=one", "--allow", "device=vendor.com/class=two");
  expect(other).toContain("--allow device=vendor.com/class=one");
  const missing = await refused("vendor.com/class=none,required", "--allow", "device");
  expect(missing).toContain('required device "vendor.com/class=none" is not registered');
  expect(missing).toContain("vendor.com/class=one, vendor.com/class=two");
  await lab.engine.ok(
    ...["build", "--allow", "device=vendor.com/class=two"],
    context("--device=vendor.com/class=two true"),
  );
});
