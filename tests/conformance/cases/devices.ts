import { expect, test } from "bun:test";
import { existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { fieldTable, refusalTable, type FieldRow, type RefusalRow } from "../field-table.ts";
import type { Target } from "../target.ts";

const rows: readonly FieldRow[] = [
  {
    name: "--device with another path and rights",
    flags: ["--device", "/dev/zero:/dev/a/b:r"],
    inspect: [
      "{{range .HostConfig.Devices}}{{.PathOnHost}} {{.PathInContainer}} {{.CgroupPermissions}}{{end}}",
      "/dev/zero /dev/a/b r\n",
    ],
    line: "head -c 2 /dev/a/b | od -An -tx1",
    prints: " 00 00\n",
  },
  {
    name: "--device-cgroup-rule",
    flags: ["--device-cgroup-rule", "c 10:229 rwm"],
    inspect: ["{{.HostConfig.DeviceCgroupRules}}", "[c 10:229 rwm]\n"],
    line: "mknod /tmp/fuse c 10 229; mknod /tmp/mem c 1 1; head -c0 /tmp/mem 2>&1 | grep -c 'not permitted'; (exec 3</tmp/fuse) 2>&1 | grep -c 'not permitted' || true",
    prints: "1\n0\n",
  },
];

const refusals: readonly RefusalRow[] = [
  {
    name: "a device that is not there",
    flags: ["--device", "/dev/nothing-here"],
    code: 127,
    says: 'error gathering device information while adding custom device "/dev/nothing-here": no such file or directory',
  },
  {
    name: "a file that is no device",
    flags: ["--device", "/etc/passwd"],
    says: 'error gathering device information while adding custom device "/etc/passwd": not a device node',
  },
  ...["all", "2", "device=0"].map((gpus): RefusalRow => ({
    name: `--gpus ${gpus} without a driver`,
    flags: ["--gpus", gpus],
    says: 'could not select device driver "" with capabilities: [[gpu]]',
  })),
];

const folder = "/var/run/cdi";

/** Devices, their rights, and what CDI specifications add. */
export function deviceCases(target: () => Target): void {
  fieldTable(target, rows);
  refusalTable(target, refusals);

  test("a CDI device brings nodes, variables and mounts (newer than the reference engine)", async () => {
    const engine = target();
    if (engine.engine.kind === "dockerd") return;
    const made = !existsSync(folder);
    if (made) mkdirSync(folder, { recursive: true });
    const file = `${folder}/berth-test-${process.pid}.yaml`;
    writeFileSync(
      file,
      `cdiVersion: 0.6.0
kind: berth.example/thing
containerEdits:
  env: [ALL=1]
devices:
  - name: one
    containerEdits:
      env: [ONE=1]
      deviceNodes:
        - { path: /dev/thing, hostPath: /dev/zero }
      mounts:
        - { hostPath: /etc/passwd, containerPath: /thing, options: [ro] }
`,
    );
    try {
      const line = "echo $ALL$ONE; head -c 1 /dev/thing | od -An -tx1; test -s /thing; touch /thing 2>&1";
      const result = await engine.run([
        "run",
        "--rm",
        "--device",
        "berth.example/thing=one",
        "busybox",
        "sh",
        "-c",
        line,
      ]);
      expect(result.stdout).toBe("11\n 00\ntouch: /thing: Read-only file system\n");
      const unknown = await engine.run(["run", "--rm", "--device", "berth.example/thing=two", "busybox", "true"]);
      expect(unknown.code).toBe(125);
      expect(unknown.stderr).toContain("CDI device injection failed: unresolvable CDI devices berth.example/thing=two");
    } finally {
      rmSync(file);
      if (made) rmdirSync(folder);
    }
  });
}
