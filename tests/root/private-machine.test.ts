import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mustRun } from "../../tools/lab/command.ts";
import { readMachineState, settledLeftovers } from "../../tools/lab/leak-check.ts";
import { canDivideMachine, makePrivateMachine } from "../../tools/lab/private-machine.ts";
import { makeScratch, removeScratch } from "../../tools/lab/scratch.ts";

/** Needs root. The machine that most of these tests run on may itself be such a one. */
test("a private machine sees its own groups, mounts, processes and network, and leaves nothing", async () => {
  if (!canDivideMachine()) {
    expect(() => makePrivateMachine()).toThrow("is not divided");
    return;
  }
  const scratch = makeScratch("outer");
  const before = await readMachineState();
  const machine = makePrivateMachine();
  try {
    const script = `
      ls /sys/class/net; cut -d: -f3 /proc/self/cgroup | sort -u; ls -d /proc/[0-9]* | head -1; ls /tmp
      mkdir /sys/fs/cgroup/memory/inner; mount -t tmpfs inner /mnt; ip link add inner type veth; sleep 1000 &`;
    expect(await mustRun([...machine.enter, "bash", "-c", script])).toBe("lo\n/\n/proc/1\n");
  } finally {
    await machine.close();
  }
  expect(await settledLeftovers(before)).toEqual([]);
  expect(existsSync(scratch)).toBe(true);
  removeScratch(scratch);
});
