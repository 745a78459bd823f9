/** Hooks of CDI devices, by our own runtime and by runc: when they run, with what they are told, where. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OciState } from "#spec/oci/runtime.ts";
import { foreignRuntimes } from "../../tools/lab/foreign-runtimes.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";
import { eventually } from "../../tools/lab/command.ts";
import { BusyboxEngine } from "../fault/busybox-engine.ts";

setDefaultTimeout(180_000);

const scratch = makeScratch("cdi");
const specs = join(scratch, "cdi");
const told = join(scratch, "told");
const hook = join(scratch, "hook");
let engine: BusyboxEngine;

/** Notes what it is told, and whether the container's root, with the device's file mounted in it, is where config.json says. */
const program = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
state=$(cat)
printf '%s' "$state" >${told}/$1
bundle=$(printf '%s' "$state" | sed -n 's/.*"bundle": *"\\([^"]*\\)".*/\\1/p')
grep -q '"path": *"[^"]*rootfs"' $bundle/config.json && test -s $bundle/rootfs/lib/driver && touch ${told}/$1.root
test ! -e ${told}/fail-$1
`;
const times = ["prestart", "createRuntime", "createContainer", "poststart", "poststop"] as const;

beforeAll(async () => {
  const { "debian-runc": runc } = await foreignRuntimes(scratch);
  mkdirSync(specs);
  writeFileSync(hook, program);
  chmodSync(hook, 0o755);
  const inside = {
    hookName: "startContainer",
    path: "/bin/busybox",
    args: ["busybox", "touch", "/tmp/$HOOK"],
    env: [],
  };
  const containerEdits = {
    env: ["GPU=all"],
    mounts: [{ hostPath: hook, containerPath: "/lib/driver", options: ["ro"] }],
    hooks: [...times.map((hookName) => ({ hookName, path: hook, args: ["hook", hookName] })), inside],
  };
  const spec = { cdiVersion: "0.6.0", kind: "nvidia.com/gpu", devices: [{ name: "all", containerEdits }] };
  writeFileSync(join(specs, "nvidia.json"), JSON.stringify(spec));
  const extraArgs = ["--cdi-spec-dir", specs, "--add-runtime", `old=${runc}`];
  engine = await BusyboxEngine.open({ bridge: "bcdi0", bip: "172.31.243.1/24", extraArgs });
}, 180_000);
afterAll(async () => {
  await engine.close();
  removeScratch(scratch);
});
afterEach(async () => {
  await engine.removeAll();
  rmSync(told, { recursive: true });
});

for (const runtime of ["runc", "old"]) {
  test(`they run at their times, with the state and the root in sight: ${runtime}`, async () => {
    mkdirSync(told);
    const line = "echo $GPU; ls /tmp; sleep 60";
    const flags = ["--runtime", runtime, "--gpus", "all", "--annotation", "a=b"];
    const id = (await engine.ok("run", "-d", "--name", "box", ...flags, "busybox", "sh", "-c", line)).trim();
    await engine.ok("exec", "box", "true");
    const stateOf = (when: string) => JSON.parse(readFileSync(join(told, when), "utf8")) as OciState;
    const pid = Number(await engine.ok("inspect", "-f", "{{.State.Pid}}", "box"));
    for (const when of ["prestart", "createRuntime"])
      expect(stateOf(when)).toMatchObject({ id, pid, annotations: { a: "b" } });
    expect(stateOf("poststart")).toMatchObject({ id, pid });
    expect(stateOf("createContainer")).toMatchObject({ id });
    expect(existsSync(join(told, "createContainer.root"))).toBe(true);
    await eventually("what it was given", async () =>
      (await engine.ok("logs", "box")) === "all\n$HOOK\n" ? true : undefined,
    );
    expect(existsSync(join(told, "poststop"))).toBe(false);
    await engine.ok("kill", "box");
    expect(stateOf("poststop")).toMatchObject({ id, status: "stopped" });
  });
}

for (const when of times.slice(0, 3)) {
  test(`one that fails at ${when} ends the start`, async () => {
    mkdirSync(told);
    writeFileSync(join(told, `fail-${when}`), "");
    const failed = await engine.run("run", "--name", "box", "--gpus", "all", "busybox", "true");
    expect(failed).toMatchObject({ code: 125, stderr: expect.stringContaining(`error running ${when} hook #0`) });
    expect(await engine.ok("inspect", "-f", "{{.State.Status}}", "box")).toBe("created\n");
  });
}

test("an engine killed meanwhile still runs those for the end", async () => {
  mkdirSync(told);
  await engine.ok("run", "-d", "--name", "box", "--gpus", "all", "busybox", "sleep", "60");
  await engine.kill();
  await engine.start();
  await engine.ok("kill", "box");
  expect(existsSync(join(told, "poststop"))).toBe(true);
});
