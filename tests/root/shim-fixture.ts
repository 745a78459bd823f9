import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { release, tmpdir } from "node:os";
import { afterEach, beforeEach, expect } from "bun:test";

import { isBerthError } from "#base/errors.ts";
import { parseKernelVersion, type KernelVersion } from "#host/facts/runtime-facts.ts";
import { openShimBinary } from "#host/shim/shim-binary.ts";
import { overlayFields, type Overlay } from "#runtime/compile/overlay-fields.ts";
import type { LaunchRequest, StepFailure, SupervisedProcess } from "#runtime/types.ts";
import type { NamespaceKind, Plan, Step, StepOf } from "#runtime/plan/ops.ts";
import { keep, mountAttr, propagation } from "#runtime/plan/ops.ts";
import { NativeShimLauncher } from "#runtime/shim/launcher.ts";

export const shimPath = openShimBinary().path;

const allNamespaces: readonly NamespaceKind[] = ["mount", "pid", "network", "ipc", "uts", "cgroup"];

/** A place for one test: busybox as an image layer, launch directories, and everything killed and removed at the end. */
export class ShimFixture {
  readonly root = mkdtempSync(`${tmpdir()}/berth-shim-test-`);
  readonly launcher = new NativeShimLauncher({ shimPath: () => shimPath });
  readonly #processes: SupervisedProcess[] = [];
  #count = 0;

  constructor() {
    if (process.getuid?.() !== 0) throw new Error("this test needs root");
    const bin = `${this.layer}/bin`;
    for (const name of ["bin", "proc", "dev", "sys", "etc", "tmp", "work"])
      mkdirSync(`${this.layer}/${name}`, { recursive: true });
    copyFileSync("/bin/busybox", `${bin}/busybox`);
    chmodSync(`${bin}/busybox`, 0o755);
    for (const name of [
      "sh",
      "cat",
      "ls",
      "id",
      "true",
      "false",
      "sleep",
      "stty",
      "tty",
      "readlink",
      "hostname",
      "mount",
      "touch",
      "mkdir",
    ]) {
      symlinkSync("busybox", `${bin}/${name}`);
    }
    for (const name of [
      "stat",
      "ps",
      "head",
      "seq",
      "yes",
      "dd",
      "grep",
      "sed",
      "mknod",
      "echo",
      "printf",
      "setsid",
      "wc",
    ])
      symlinkSync("busybox", `${bin}/${name}`);
  }

  get layer(): string {
    return `${this.root}/layer`;
  }

  directory(name: string): string {
    const path = `${this.root}/${name}-${++this.#count}`;
    mkdirSync(path, { mode: 0o700 });
    return path;
  }

  overlay(more: Partial<Overlay> = {}): StepOf<"root_overlay"> {
    const at = this.directory("snapshot");
    mkdirSync(`${at}/upper`);
    mkdirSync(`${at}/work`);
    mkdirSync(`${at}/empty`);
    return rootOverlay({
      lowerDirs: [this.layer, `${at}/empty`],
      upper: { directory: `${at}/upper`, work: `${at}/work` },
      ...more,
    });
  }

  /** The usual steps of a container; `extra` run inside before the wait, `late` after it. */
  plan(
    argv: readonly string[],
    more: {
      root?: Step;
      extra?: readonly Step[];
      late?: readonly Step[];
      terminal?: boolean;
      create?: readonly NamespaceKind[];
    } = {},
  ): Plan {
    return {
      create: more.create ?? allNamespaces,
      join: [],
      uidMap: "",
      gidMap: "",
      cgroup: { procs: [] },
      steps: [
        { op: "namespace_propagation", propagation: propagation.slave | propagation.recursive },
        more.root ?? this.overlay(),
        mount("proc", "/proc", [], mountAttr.nosuid | mountAttr.nodev | mountAttr.noexec),
        mount("tmpfs", "/dev", ["mode=755", "size=65536k"], mountAttr.nosuid),
        mount(
          "devpts",
          "/dev/pts",
          ["newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
          mountAttr.nosuid | mountAttr.noexec,
        ),
        { op: "mknod", path: "/dev/null", mode: 0o020666, major: 1, minor: 3, uid: 0, gid: 0 },
        { op: "mknod", path: "/dev/zero", mode: 0o020666, major: 1, minor: 5, uid: 0, gid: 0 },
        { op: "symlink", path: "/dev/ptmx", target: "pts/ptmx" },
        { op: "pivot_root", move: false },
        // Without a UTS namespace of its own it would be the machine that is renamed.
        ...((more.create ?? allNamespaces).includes("uts") ? [{ op: "hostname", name: "box" } as const] : []),
        { op: "setsid" },
        ...(more.terminal === true ? [{ op: "terminal", uid: 0, gid: keep, console: true } as const] : []),
        { op: "chdir", path: "/work", create: true, uid: 0, gid: 0 },
        ...(more.extra ?? []),
        { op: "wait", point: 0 },
        ...(more.late ?? []),
      ],
      exec: { argv, env: ["PATH=/bin", "A=b"] },
    };
  }

  request(plan: Plan, more: Partial<LaunchRequest> = {}): LaunchRequest {
    const dir = this.directory("launch");
    return {
      id: "0123456789ab",
      dir,
      plan,
      terminal: false,
      stdin: "closed",
      log: { path: `${dir}/log`, maxSizeBytes: 0, maxFiles: 1 },
      oomEventsPath: undefined,
      ...more,
    };
  }

  async launch(request: LaunchRequest): Promise<SupervisedProcess> {
    return this.keep(await this.launcher.launch(request));
  }

  /** It is ended with the test. */
  keep(launched: SupervisedProcess): SupervisedProcess {
    this.#processes.push(launched);
    return launched;
  }

  /** Launched, and let go. */
  async start(plan: Plan, more: Partial<LaunchRequest> = {}): Promise<SupervisedProcess> {
    const launched = await this.launch(this.request(plan, more));
    await launched.go();
    return launched;
  }

  /** Launch, let it run to its end, and say what it printed. */
  async run(
    plan: Plan,
    more: Partial<LaunchRequest> = {},
  ): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
    const request = this.request(plan, more);
    const launched = await this.launch(request);
    await launched.go();
    const status = await launched.exited();
    const records = readLog(`${request.dir}/log`);
    const text = (stream: number): string =>
      records
        .filter((record) => record.stream === stream)
        .map((record) => record.text + (record.partial ? "" : "\n"))
        .join("");
    return { exitCode: status.exitCode, stdout: text(1), stderr: text(2) };
  }

  async close(): Promise<void> {
    for (const launched of this.#processes) {
      await launched.signal(9).catch(() => undefined);
      await launched.exited().catch(() => undefined);
      launched.detach();
    }
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** As this machine's kernel takes it, unless another is named. */
export function rootOverlay(
  more: Pick<Overlay, "lowerDirs" | "upper"> & Partial<Overlay>,
  kernel: KernelVersion = parseKernelVersion(release()),
): StepOf<"root_overlay"> {
  const overlay = { options: [], attrSet: 0, target: "", mappings: undefined, ...more };
  return { op: "root_overlay", ...overlayFields(overlay, kernel) };
}

export function mount(type: string, target: string, options: readonly string[], attrSet: number): Step {
  return { op: "mount", type, source: type, target, options, attrSet, propagation: 0, copyUp: false };
}

export function bind(source: string, target: string, more: { attrSet?: number } = {}): Step {
  return {
    op: "bind",
    source,
    target,
    recursive: true,
    attrSet: more.attrSet ?? 0,
    attrClear: 0,
    attrSetTree: 0,
    attrClearTree: 0,
    propagation: propagation.private | propagation.recursive,
    idmapUid: "",
    idmapGid: "",
  };
}

export interface LogRecord {
  readonly stream: number;
  readonly partial: boolean;
  readonly text: string;
}

export function readLog(path: string): LogRecord[] {
  const bytes = readFileSync(path);
  const records: LogRecord[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32LE(at);
    if (bytes.readUInt32LE(at + 16 + length) !== length) throw new Error(`log: torn record at ${at}`);
    const stream = bytes[at + 4] ?? 0;
    if ((stream === 0) !== (at === 0)) throw new Error(`log: the file's record is at ${at}`);
    if (stream !== 0) {
      const partial = (bytes[at + 5] ?? 0) === 1;
      records.push({ stream, partial, text: bytes.toString("utf8", at + 16, at + 16 + length) });
    }
    at += 20 + length;
  }
  return records;
}

/** Bytes of an attach stream until its end. */
export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Split Docker's framed stream. */
export function unframe(bytes: Buffer): { readonly stdout: string; readonly stderr: string } {
  const text = { stdout: "", stderr: "" };
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at + 4);
    text[bytes[at] === 1 ? "stdout" : "stderr"] += bytes.toString("utf8", at + 8, at + 8 + length);
    at += 8 + length;
  }
  return text;
}

export const mountCount = (): number => readFileSync("/proc/self/mountinfo", "utf8").split("\n").length;
export const openDescriptors = (): number => readdirSync("/proc/self/fd").length;

/** Gives `take` a fixture before each test of the file; after each no mount and no descriptor is left. */
export function fixtureForEach(take: (fixture: ShimFixture) => void): void {
  let fixture: ShimFixture;
  let before: { readonly mounts: number; readonly descriptors: number };
  beforeEach(() => {
    before = { mounts: mountCount(), descriptors: openDescriptors() };
    fixture = new ShimFixture();
    take(fixture);
  });
  afterEach(async () => {
    await fixture.close();
    expect(mountCount()).toBe(before.mounts);
    expect(openDescriptors()).toBeLessThanOrEqual(before.descriptors + 4);
  });
}

/** Where and why a launch failed. */
export async function failureOf(work: Promise<unknown>): Promise<StepFailure> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isBerthError(error)) throw new Error(`expected a failed launch, got ${String(error)}`);
  return error.details["failure"] as StepFailure;
}
