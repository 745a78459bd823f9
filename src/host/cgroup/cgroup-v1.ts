import { existsSync } from "node:fs";
import { BerthError } from "#base/errors.ts";
import type { Resources } from "#spec/oci/runtime.ts";
import { errnoName } from "../kernel/errno.ts";
import { AT_FDCWD } from "../kernel/linux.ts";
import { announce, runBeside, type Announcement } from "../kernel/operations-beside.ts";
import { raw } from "../kernel/syscalls.ts";
import {
  applyLimit,
  ControlWriter,
  errnoOf,
  limitError,
  readControl,
  readNumber,
  subgroups,
  writeControl,
} from "./cgroup-file.ts";
import { killAtOnce, killOneByOne, pidsBelow } from "./kill-group.ts";
import type { CgroupLayout } from "./layout.ts";
import { removeGroups, removeNow } from "./remove-groups.ts";
import type { Cgroup, CgroupFeatures, CgroupManager, CgroupStats } from "./types.ts";
import { UndoJournal } from "./undo-journal.ts";
import { cpusetFiles, parentOf, v1Creation, type HierarchyRoots } from "./v1-creation.ts";
import { v1Limits, type V1Write } from "./v1-limits.ts";
import { v1Stats } from "./v1-stats.ts";

const ENOENT = 2;
const EEXIST = 17;

/** Control groups of a v1 or hybrid machine: the same path below every hierarchy, and below cgroup2 where it is mounted. */
export class CgroupV1Manager implements CgroupManager {
  readonly version = 1;
  readonly createsBeside = true;
  readonly controllers: readonly string[];
  readonly #layout: CgroupLayout;
  readonly #roots: HierarchyRoots;

  constructor(layout: CgroupLayout) {
    this.#layout = layout;
    const { hierarchies, unified } = layout;
    this.#roots = {
      all: [...hierarchies, ...(unified === undefined ? [] : [{ mountpoint: unified, controllers: [] }])],
      byController: new Map(
        hierarchies.flatMap(({ controllers, mountpoint }) => controllers.map((name) => [name, mountpoint])),
      ),
    };
    this.controllers = layout.hierarchies.flatMap(({ controllers }) =>
      controllers.filter((name) => !name.startsWith("name=")),
    );
  }

  create(path: string, resources: Resources): Cgroup {
    const writes = v1Limits(resources);
    const cgroup = this.open(path);
    const made: string[] = [];
    try {
      for (const { mountpoint, controllers } of this.#roots.all) {
        const isNew = makePath(mountpoint, path, made);
        if (!controllers.includes("cpuset")) continue;
        if (isNew) inheritCpuset(mountpoint, path);
        else for (const file of cpusetFiles) filledCpuset(mountpoint, path, file);
      }
      cgroup.apply(writes);
    } catch (error) {
      removeNow(made.toReversed());
      throw error;
    }
    return cgroup;
  }

  /** In the usual case, which is a new group below a parent that is there; whatever else it is, {@link create} finds and tells. */
  async createBeside(path: string, resources: Resources, announcement: Announcement): Promise<void> {
    const operations = v1Creation(this.#roots, path, v1Limits(resources));
    if (operations !== undefined) {
      const { done, errno } = await runBeside(operations, announcement);
      if (errno === 0) return;
      const made = operations.slice(0, done).filter(({ kind }) => kind === "mkdir");
      removeNow(made.map((operation) => operation.path).toReversed());
    }
    this.create(path, resources);
    announce(announcement);
  }

  open(path: string): CgroupV1 {
    return new CgroupV1(this.#layout, this.#roots, path);
  }

  children(parent: string): readonly string[] {
    const names = new Set(this.open(parent).directories.flatMap(subgroups));
    return [...names].map((name) => `${parent}/${name}`);
  }

  removeEmpty(parent: string): void {
    if (this.children(parent).length > 0) return;
    removeNow(this.open(parent).directories);
  }

  features(): CgroupFeatures {
    const has = (controller: string, file: string): boolean => {
      const hierarchy = this.#layout.hierarchies.find(({ controllers }) => controllers.includes(controller));
      if (hierarchy === undefined) return false;
      // Some files exist only below the root group.
      const [first] = subgroups(hierarchy.mountpoint);
      return [hierarchy.mountpoint, `${hierarchy.mountpoint}/${first ?? ""}`].some((group) =>
        existsSync(`${group}/${file}`),
      );
    };
    return {
      memory: has("memory", "memory.limit_in_bytes"),
      swap: has("memory", "memory.memsw.limit_in_bytes"),
      memoryReservation: has("memory", "memory.soft_limit_in_bytes"),
      swappiness: has("memory", "memory.swappiness"),
      oomKillDisable: has("memory", "memory.oom_control"),
      cpuShares: has("cpu", "cpu.shares"),
      cpuQuota: has("cpu", "cpu.cfs_quota_us"),
      cpuRealtime: has("cpu", "cpu.rt_runtime_us"),
      cpuset: this.controllers.includes("cpuset"),
      pids: this.controllers.includes("pids"),
      blockIoWeight: has("blkio", "blkio.weight") || has("blkio", "blkio.bfq.weight"),
      blockIoThrottle: has("blkio", "blkio.throttle.read_bps_device"),
    };
  }
}

/** mkdir -p below `mountpoint`; what it makes is added to `made`, outermost first. False when it is there already. */
function makePath(mountpoint: string, path: string, made: string[]): boolean {
  const directory = `${mountpoint}${path}`;
  const make = (): number => -raw("mkdirat", AT_FDCWD, directory, 0o755);
  const parent = parentOf(path);
  let errno = make();
  if (errno === ENOENT && parent !== "") {
    makePath(mountpoint, parent, made);
    errno = make();
  }
  if (errno === EEXIST) return false;
  if (errno > 0) throw new BerthError("unavailable", `cannot create cgroup ${directory}: ${errnoName(errno)}`);
  made.push(directory);
  return true;
}

/** A cpuset group has no CPUs and nodes, and takes no process, until it gets its parent's. */
function inheritCpuset(mountpoint: string, path: string): void {
  for (const file of cpusetFiles)
    writeControl(`${mountpoint}${path}/${file}`, filledCpuset(mountpoint, parentOf(path), file));
}

/** What the group has in `file`, after it got its parent's where it had nothing. */
function filledCpuset(mountpoint: string, path: string, file: (typeof cpusetFiles)[number]): string {
  const control = `${mountpoint}${path}/${file}`;
  const own = readControl(control) ?? "";
  if (own !== "" || path === "") return own;
  const inherited = filledCpuset(mountpoint, parentOf(path), file);
  writeControl(control, inherited);
  return inherited;
}

class CgroupV1 implements Cgroup {
  readonly path: string;
  readonly entry: Cgroup["entry"];
  readonly oomEventsPath: string | undefined;
  readonly directories: readonly string[];
  readonly #roots: HierarchyRoots;
  readonly #unified: string | undefined;

  constructor(layout: CgroupLayout, roots: HierarchyRoots, path: string) {
    this.path = path;
    this.#roots = roots;
    this.directories = roots.all.map(({ mountpoint }) => `${mountpoint}${path}`);
    this.#unified = layout.unified === undefined ? undefined : `${layout.unified}${path}`;
    this.entry = {
      ...(this.#unified === undefined ? {} : { directory: this.#unified }),
      procs: layout.hierarchies.map(({ mountpoint }) => `${mountpoint}${path}/tasks`),
    };
    this.oomEventsPath = this.#file("memory", "memory.oom_control");
  }

  #file(controller: string, file: string): string | undefined {
    const mountpoint = this.#roots.byController.get(controller);
    return mountpoint === undefined ? undefined : `${mountpoint}${this.path}/${file}`;
  }

  #directory(write: V1Write): string {
    const mountpoint = this.#roots.byController.get(write.controller);
    if (mountpoint === undefined) {
      throw new BerthError(
        "invalid-parameter",
        `cannot set the ${write.limit} to ${write.value}: this machine has no ${write.controller} controller`,
      );
    }
    return `${mountpoint}${this.path}`;
  }

  /** Each value that is overwritten goes into the journal first. */
  apply(writes: readonly V1Write[], journal?: UndoJournal): void {
    const waiting: V1Write[] = [];
    const control = new ControlWriter();
    try {
      for (const write of writes) {
        const directory = this.#directory(write);
        const file = write.alternatives?.find((name) => existsSync(`${directory}/${name}`)) ?? write.file;
        journal?.note(`${directory}/${file}`, write.value);
        try {
          control.write(`${directory}/${file}`, write.value);
        } catch (error) {
          // Limits that bound each other (memory and memory+swap, period and quota) may only go in the other order.
          if (errnoOf(error) !== "EINVAL" || !mutual.has(write.file))
            throw limitError(directory, { ...write, file }, error);
          waiting.push(write);
        }
        if (file === "cpu.shares") checkShares(directory, write);
      }
    } finally {
      control.close();
    }
    for (const write of waiting) applyLimit(this.#directory(write), write);
  }

  update(resources: Resources): () => void {
    const journal = new UndoJournal();
    try {
      this.apply(v1Limits(resources), journal);
    } catch (error) {
      journal.undo();
      throw error;
    }
    return () => journal.undo();
  }

  add(pid: number): void {
    for (const directory of this.directories) writeControl(`${directory}/cgroup.procs`, String(pid));
  }

  async freeze(): Promise<void> {
    await this.#setFreezer("FROZEN");
  }

  async thaw(): Promise<void> {
    await this.#setFreezer("THAWED");
  }

  async #setFreezer(state: "FROZEN" | "THAWED"): Promise<void> {
    const file = this.#file("freezer", "freezer.state");
    if (file === undefined) throw new BerthError("not-implemented", "this machine has no freezer controller");
    for (let tries = 0; tries < 500; tries++) {
      if (state === "THAWED" && !existsSync(file)) return;
      writeControl(file, state);
      if (readControl(file) === state) return;
      // A task in an uninterruptible wait or just forking: FREEZING until it comes by; writing again retries.
      await new Promise((resolve) => setTimeout(resolve, Math.min(tries, 10)));
    }
    if (state === "FROZEN") writeControl(file, "THAWED");
    throw new BerthError("unavailable", `cannot ${state === "FROZEN" ? "freeze" : "thaw"} cgroup ${this.path}`);
  }

  isFrozen(): boolean {
    const file = this.#file("freezer", "freezer.state");
    return file !== undefined && ["FROZEN", "FREEZING"].includes(readControl(file) ?? "");
  }

  pids(): readonly number[] {
    const [first = ""] = this.directories;
    return pidsBelow(first);
  }

  async kill(): Promise<void> {
    // What entered only the v1 hierarchies (a hybrid machine's other tools) is not below the unified one.
    const byUnified = this.#unified !== undefined && killAtOnce(this.#unified);
    if (this.isFrozen()) await this.thaw();
    if (byUnified && this.pids().length === 0) return;
    const [first = ""] = this.directories;
    const freezer = this.#roots.byController.has("freezer");
    await killOneByOne(
      first,
      () => (freezer ? this.freeze() : Promise.resolve()),
      () => (freezer ? this.thaw() : Promise.resolve()),
    );
  }

  stats(): CgroupStats {
    return v1Stats((controller, file) => {
      const path = this.#file(controller, file);
      return path === undefined ? undefined : readControl(path);
    });
  }

  async remove(): Promise<void> {
    await removeGroups(this.directories, () => this.kill());
  }
}

const mutual = new Set([
  "memory.limit_in_bytes",
  "memory.memsw.limit_in_bytes",
  "cpu.cfs_period_us",
  "cpu.cfs_quota_us",
  "cpu.cfs_burst_us",
  "cpu.rt_period_us",
  "cpu.rt_runtime_us",
]);

/** The kernel clamps shares without a word; runc's sentences. */
function checkShares(directory: string, { value }: V1Write): void {
  const [wanted, kept] = [Number(value), readNumber(`${directory}/cpu.shares`) ?? Number(value)];
  if (wanted > kept) throw new BerthError("invalid-parameter", `the maximum allowed cpu-shares is ${String(kept)}`);
  if (wanted < kept) throw new BerthError("invalid-parameter", `the minimum allowed cpu-shares is ${String(kept)}`);
}
