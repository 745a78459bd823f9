import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";

import { openCgroups } from "#host/cgroup/open-cgroups.ts";
import type { Cgroup } from "#host/cgroup/types.ts";
import { hostDevices } from "#host/facts/devices.ts";
import { readRuntimeFacts } from "#host/facts/runtime-facts.ts";
import { compileContainer } from "#runtime/compile/compile-container.ts";
import { compileExec } from "#runtime/compile/compile-exec.ts";
import { cgroupResources } from "#runtime/compile/device-steps.ts";
import { FilterCache } from "#runtime/compile/filter-cache.ts";
import { containerSpec } from "#runtime/docker/container-spec.ts";
import { execProcess } from "#runtime/docker/exec-process.ts";
import type { ContainerSpecInput } from "#runtime/docker/types.ts";
import { NativeShimLauncher } from "#runtime/shim/launcher.ts";
import type { SupervisedProcess } from "#runtime/types.ts";
import type { ResolvedUser } from "#runtime/user/types.ts";
import type { RootMount } from "#snapshot/types.ts";
import { containerConfig } from "#spec/docker/container-config.ts";
import { execConfig } from "#spec/docker/exec.ts";
import { hostConfig } from "#spec/docker/host-config.ts";
import type { RuntimeSpec } from "#spec/oci/runtime.ts";
import { readLog, shimPath } from "./shim-fixture.ts";

export interface Outcome {
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly warnings: readonly string[];
}

export interface Running {
  readonly id: string;
  readonly spec: RuntimeSpec;
  readonly process: SupervisedProcess;
  readonly cgroup: Cgroup;
  readonly warnings: readonly string[];
  readonly logPath: string;
}

/** The whole path from Docker's configuration to a process, without engine and image store. Removes all it made. */
export class RuntimeFixture {
  readonly directory = mkdtempSync(`${tmpdir()}/berth-runtime-test-`);
  readonly cgroups = openCgroups();
  readonly facts = readRuntimeFacts(this.cgroups);
  readonly filters = new FilterCache();
  readonly launcher = new NativeShimLauncher({ shimPath: () => shimPath });
  readonly parent = `/berth-test-runtime-${String(process.pid)}`;
  readonly #running: Running[] = [];
  #count = 0;

  constructor() {
    if (process.getuid?.() !== 0) throw new Error("this test needs root");
    for (const name of ["bin", "etc", "tmp", "root", "usr"]) mkdirSync(`${this.layer}/${name}`, { recursive: true });
    copyFileSync("/bin/busybox", `${this.layer}/bin/busybox`);
    const applets =
      "sh cat ls id true false sleep mount umount touch mkdir hostname grep head tail mknod echo wc ps dd stat readlink ip chroot nproc seq tr env pwd find cut unshare sync setsid chmod chown";
    for (const name of applets.split(" ")) symlinkSync("busybox", `${this.layer}/bin/${name}`);
    writeFileSync(`${this.layer}/etc/passwd`, "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n");
    writeFileSync(`${this.layer}/etc/group`, "root:x:0:\napp:x:1000:\nextra:x:2000:app\n");
  }

  get layer(): string {
    return `${this.directory}/layer`;
  }

  root(): RootMount {
    const at = `${this.directory}/snapshot-${String(++this.#count)}`;
    for (const name of ["upper", "work", "empty"]) mkdirSync(`${at}/${name}`, { recursive: true });
    return { kind: "overlay", lowerDirs: [this.layer, `${at}/empty`], upperDir: `${at}/upper`, workDir: `${at}/work` };
  }

  /** Ready, not yet let go. */
  async prepare(
    argv: readonly string[],
    config: object = {},
    host: object = {},
    more: Partial<ContainerSpecInput> = {},
  ): Promise<Running> {
    const id = `berthtest${String(process.pid)}n${String(++this.#count)}`;
    const decodedHost = hostConfig.decode(
      { ShmSize: 64 << 20, IpcMode: "private", NetworkMode: "none", ...host },
      { struct: "", path: [] },
    );
    const made = containerSpec({
      id,
      config: containerConfig.decode({ Hostname: "box", ...config }, { struct: "", path: [] }),
      argv,
      hostConfig: decodedHost,
      user: { uid: 0, gid: 0, additionalGids: [], home: "/root" },
      files: {},
      mounts: [],
      namespaces: {},
      cgroupPath: `${this.parent}/${id}`,
      devices: decodedHost.Privileged ? hostDevices().map((one) => ({ ...one, access: "rwm" })) : [],
      blockDevices: {},
      facts: this.facts,
      ...more,
    });
    return this.launch(id, made.spec, made.warnings);
  }

  async launch(id: string, spec: RuntimeSpec, warnings: readonly string[] = []): Promise<Running> {
    const cgroup = this.cgroups.create(spec.linux?.cgroupsPath ?? "", cgroupResources(spec));
    const dir = `${this.directory}/launch-${String(++this.#count)}`;
    mkdirSync(dir, { mode: 0o700 });
    try {
      const compiled = compileContainer({
        id,
        spec,
        root: this.root(),
        cgroup: cgroup.entry,
        cgroupPath: cgroup.path,
        facts: this.facts,
        filters: this.filters,
      });
      const launched = await this.launcher.launch({
        id,
        dir,
        plan: compiled.plan,
        terminal: spec.process?.terminal ?? false,
        stdin: "closed",
        log: { path: `${dir}/log`, maxSizeBytes: 0, maxFiles: 1 },
        oomEventsPath: cgroup.oomEventsPath,
      });
      const running = {
        id,
        spec,
        process: launched,
        cgroup,
        warnings: [...warnings, ...compiled.warnings],
        logPath: `${dir}/log`,
      };
      this.#running.push(running);
      return running;
    } catch (error) {
      await cgroup.remove();
      throw error;
    }
  }

  async outcome({
    process: launched,
    logPath,
    warnings,
  }: Pick<Running, "process" | "logPath" | "warnings">): Promise<Outcome> {
    const status = await launched.exited();
    const records = readLog(logPath);
    const text = (stream: number): string =>
      records
        .filter((record) => record.stream === stream)
        .map((record) => record.text + (record.partial ? "" : "\n"))
        .join("");
    return { exitCode: status.exitCode, oomKilled: status.oomKilled, stdout: text(1), stderr: text(2), warnings };
  }

  /** `sh -c script` in a container, to its end. */
  async run(
    script: string,
    config: object = {},
    host: object = {},
    more: Partial<ContainerSpecInput> = {},
  ): Promise<Outcome> {
    const running = await this.prepare(["sh", "-c", script], config, host, more);
    await running.process.go();
    const outcome = await this.outcome(running);
    await this.#end(running);
    return outcome;
  }

  /** `docker exec` to its end. */
  async exec(container: Running, exec: object, user?: ResolvedUser): Promise<Outcome> {
    const entered = await this.enter(container, exec, user);
    await entered.process.go();
    const outcome = await this.outcome(entered);
    entered.process.detach();
    return outcome;
  }

  /** `docker exec`, not yet let go. */
  async enter(
    container: Running,
    exec: object,
    user: ResolvedUser = { uid: 0, gid: 0, additionalGids: [], home: "/root" },
  ): Promise<Pick<Running, "process" | "logPath" | "warnings">> {
    const id = `exec${String(++this.#count)}`;
    const dir = `${this.directory}/${id}`;
    mkdirSync(dir, { mode: 0o700 });
    const process = execProcess({
      container: container.spec,
      exec: execConfig.decode(exec, { struct: "", path: [] }),
      user,
      facts: this.facts,
    });
    const { plan, warnings } = compileExec({
      id: container.id,
      spec: container.spec,
      process,
      target: { pid: container.process.pid, startTicks: 0n },
      cgroup: container.cgroup.entry,
      facts: this.facts,
      filters: this.filters,
    });
    const launched = await this.launcher.launch({
      id,
      dir,
      plan,
      terminal: false,
      stdin: "closed",
      log: { path: `${dir}/log`, maxSizeBytes: 0, maxFiles: 1 },
      oomEventsPath: undefined,
    });
    return { process: launched, logPath: `${dir}/log`, warnings };
  }

  async #end(running: Running): Promise<void> {
    await running.process.signal(9).catch(() => undefined);
    await running.process.exited().catch(() => undefined);
    running.process.detach();
    await running.cgroup.remove();
    this.#running.splice(this.#running.indexOf(running), 1);
  }

  /** Ends what a test left running; true when every cgroup is gone. */
  async endAll(): Promise<boolean> {
    for (const running of [...this.#running]) await this.#end(running);
    const left = this.cgroups.children(this.parent).length;
    this.cgroups.removeEmpty(this.parent);
    return left === 0;
  }

  async close(): Promise<void> {
    await this.endAll();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
