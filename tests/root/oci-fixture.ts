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

export interface Result {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const programs =
  "sh sleep cat id true hostname echo ps mount touch grep test dd readlink ip stty env tail head seq kill".split(" ");

/** `berth-runtime` as its callers use it: one process a command, state only on disk. Needs root. */
export class OciFixture {
  readonly directory: string;
  readonly program = [...berthCommand(), ".runtime"];
  readonly #parent = `/berth-test-oci-${String(process.pid)}`;
  #count = 0;

  constructor() {
    if (process.getuid?.() !== 0) throw new Error("this test needs root");
    this.directory = mkdtempSync(`${tmpdir()}/berth-oci-test-`);
  }

  /** After each test: nothing may be left but what `delete --force` takes. */
  async clear(): Promise<void> {
    for (const id of (await this.run("list", "-q")).stdout.split("\n").filter((line) => line !== ""))
      await this.run("delete", "--force", id);
    const cgroups = openCgroups();
    const left = cgroups.children(this.#parent);
    if (left.length > 0) throw new Error(`cgroups left: ${left.join(", ")}`);
    cgroups.removeEmpty(this.#parent);
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  globals(): readonly string[] {
    const { directory } = this;
    return ["--root", `${directory}/state`, "--log", `${directory}/log`, "--log-format", "json"];
  }

  run(...args: readonly string[]): Promise<Result> {
    return this.runWith({}, ...args);
  }

  /** Output goes to files: what a container keeps open must not hold up the test. */
  async runWith(
    options: { readonly stdin?: string; readonly env?: Readonly<Record<string, string>> },
    ...args: readonly string[]
  ): Promise<Result> {
    const out = `${this.directory}/out-${String(++this.#count)}`;
    const child = Bun.spawn([...this.program, ...this.globals(), ...args], {
      stdin: options.stdin === undefined ? "ignore" : new TextEncoder().encode(options.stdin),
      stdout: Bun.file(`${out}.1`),
      stderr: Bun.file(`${out}.2`),
      env: { ...process.env, ...options.env },
    });
    const exitCode = await child.exited;
    const read = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
    return { exitCode, stdout: read(`${out}.1`), stderr: read(`${out}.2`) };
  }

  /** The last line of the runtime's log. */
  lastLog(): unknown {
    return JSON.parse(readFileSync(`${this.directory}/log`, "utf8").trimEnd().split("\n").at(-1) ?? "");
  }

  bundle(
    args: readonly string[],
    change: (spec: RuntimeSpec) => RuntimeSpec = (spec) => spec,
  ): { readonly path: string; readonly id: string } {
    const id = `oci${String(process.pid)}n${String(++this.#count)}`;
    const path = `${this.directory}/bundle-${id}`;
    for (const name of ["bin", "proc", "dev", "sys", "tmp", "etc"])
      mkdirSync(`${path}/rootfs/${name}`, { recursive: true });
    copyFileSync("/bin/busybox", `${path}/rootfs/bin/busybox`);
    chmodSync(`${path}/rootfs/bin/busybox`, 0o755);
    for (const name of programs) symlinkSync("busybox", `${path}/rootfs/bin/${name}`);
    writeFileSync(`${path}/rootfs/etc/passwd`, "root:x:0:0:root:/root:/bin/sh\nfive:x:5:5::/home/five:/bin/sh\n");
    writeFileSync(`${path}/config.json`, JSON.stringify(change(this.#example(args, id))));
    return { path, id };
  }

  #example(args: readonly string[], id: string): RuntimeSpec {
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
        cgroupsPath: `${this.#parent}/${id}`,
        namespaces: (["pid", "network", "ipc", "uts", "mount"] as const).map((type) => ({ type })),
      },
    };
  }
}
