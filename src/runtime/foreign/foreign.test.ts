import { describe, expect, test } from "bun:test";
import { compileForeignContainer, compileForeignExec, foreignSpec } from "./compile-foreign.ts";
import { lastError } from "./last-words.ts";
import { stageFor } from "./stage.ts";
import { overlayOptions } from "#host/mounts/overlay-options.ts";
import type { RuntimeSpec } from "#spec/oci/runtime.ts";

const kernel = { major: 6, minor: 7 };
const runtime = { path: "/usr/sbin/runc", args: ["--debug"], stateDir: "/run/berth/runtimes/old" };

describe("a foreign runtime", () => {
  test("makes a container from a bundle whose root is mounted for it alone", () => {
    const root = { kind: "overlay", lowerDirs: ["/l/2", "/l/1"], upperDir: "/s/upper", workDir: "/s/work" } as const;
    const plan = compileForeignContainer({
      runtime,
      id: "c1",
      dir: "/run/c1",
      mountPoint: "/run",
      root,
      terminal: true,
      rootOptions: ["context=u:o:t:s0"],
      kernel,
    });
    expect(plan.create).toEqual(["mount"]);
    expect(plan.steps).toMatchObject([
      { op: "mount_propagation", path: "/run", recursive: false },
      { op: "mkdir", path: "/run/c1/rootfs" },
      {
        op: "root_overlay",
        lower: ["/l/2", "/l/1"],
        target: "/run/c1/rootfs",
        options: [...overlayOptions, "context=u:o:t:s0"],
      },
    ]);
    expect(plan.exec.argv.join(" ")).toBe(
      "/usr/sbin/runc --debug --root /run/berth/runtimes/old --log /run/c1/runtime.log --log-format json create --bundle . --pid-file pid --console-socket console.sock c1",
    );
  });

  test("gets the root and the sources of binds with the owners that a user namespace makes of them", () => {
    const ids = { uid: [{ containerID: 0, hostID: 100_000, size: 65_536 }], gid: [] };
    const mounts = [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/v", source: "/volume", options: ["rbind", "rro"], uidMappings: ids.uid, gidMappings: ids.gid },
      { destination: "/f", type: "bind", source: "/file", options: ["bind"] },
    ];
    const spec: RuntimeSpec = { ociVersion: "1.3.0", mounts, linux: { namespaces: [{ type: "user" }] } };
    const isDirectory = (path: string): boolean => path === "/volume";
    const stage = stageFor(spec, "/run/stage", ids, isDirectory);
    const root = { kind: "overlay", lowerDirs: ["/l/1"], upperDir: "/s/upper", workDir: "/s/work" } as const;
    const place = { runtime, id: "c1", dir: "/run/c1", mountPoint: "/run", terminal: false, rootOptions: [], kernel };
    expect(compileForeignContainer({ ...place, root, stage }).steps).toMatchObject([
      { op: "mount_propagation", path: "/run" },
      { op: "mount", type: "tmpfs", target: "/run/stage", options: ["mode=711"] },
      { op: "mkdir", path: "/run/stage/rootfs" },
      { op: "mkdir", path: "/run/stage/0" },
      { op: "bind", source: "/volume", target: "/run/stage/0", recursive: true, idmapUid: "0 100000 65536\n" },
      { op: "touch", path: "/run/stage/1" },
      { op: "bind", source: "/file", target: "/run/stage/1", recursive: false, idmapUid: "" },
      { op: "root_overlay", target: "/run/stage/rootfs", idmapUid: "0 100000 65536\n", ownerUid: 100_000 },
    ]);
    expect(foreignSpec(spec, isDirectory, stage)).toMatchObject({
      root: { path: "/run/stage/rootfs" },
      mounts: [
        { destination: "/proc", source: "proc" },
        { destination: "/v", source: "/run/stage/0", options: ["rbind", "rro"] },
        { destination: "/f", source: "/run/stage/1" },
      ],
    });
    expect(JSON.stringify(foreignSpec(spec, isDirectory, stage))).not.toContain("uidMappings");
    expect(stageFor({ ...spec, mounts: [], linux: { namespaces: [] } }, "/s", undefined, isDirectory)).toBeUndefined();
  });

  test("makes an exec when it is let go", () => {
    const plan = compileForeignExec(runtime, { id: "c1", dir: "/run/e1", terminal: false });
    expect([plan.create, plan.steps]).toEqual([[], [{ op: "wait", point: 0 }]]);
    expect(plan.exec.argv.slice(-7)).toEqual([
      ...["exec", "--process", "process.json", "--pid-file", "pid", "--detach"],
      "c1",
    ]);
  });

  test("is not asked for what old ones refuse", () => {
    const mounts = [
      { destination: "/d", source: "/dir", options: ["rbind", "rro"] },
      { destination: "/f", source: "/file", options: ["rbind", "rro"] },
    ];
    const namespaces = [{ type: "mount" }, { type: "time" }] as const;
    const spec = foreignSpec({ ociVersion: "1.3.0", mounts, linux: { namespaces } }, (path) => path === "/dir");
    expect(spec).toEqual({
      ociVersion: "1.0.2",
      root: { path: "rootfs" },
      mounts: [
        { destination: "/d", source: "/dir", options: ["rbind", "rro"] },
        { destination: "/f", source: "/file", options: ["rbind", "ro"] },
      ],
      linux: { namespaces: [{ type: "mount" }] },
    });
  });

  test("is quoted by the last error of its log", () => {
    const line = (level: string, msg: string): string => JSON.stringify({ level, msg, time: "2026-01-01T00:00:00Z" });
    const log = [line("error", "first"), line("error", " second\n"), line("warning", "third"), "noise", '{"half'];
    expect(lastError(log.join("\n"))).toBe("second");
    expect(lastError("")).toBeUndefined();
    expect(lastError("null\n{}\n")).toBeUndefined();
  });
});
