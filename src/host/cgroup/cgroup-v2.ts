import { existsSync, mkdirSync } from "node:fs";
import { BerthError } from "#base/errors.ts";
import type { Resources } from "#spec/oci/runtime.ts";
import { errnoOf, limitError, readControl, readFlat, readNumber, subgroups, writeControl } from "./cgroup-file.ts";
import { announce, type Announcement } from "../kernel/operations-beside.ts";
import { attachDeviceProgram } from "./device-attach.ts";
import { deviceProgram, foldDeviceRules } from "./device-filter.ts";
import { killAtOnce, killOneByOne, pidsBelow } from "./kill-group.ts";
import { removeGroups, removeNow } from "./remove-groups.ts";
import type { Cgroup, CgroupFeatures, CgroupManager, CgroupStats } from "./types.ts";
import { UndoJournal } from "./undo-journal.ts";
import { v2Limits, type V2Write } from "./v2-limits.ts";
import { v2Stats } from "./v2-stats.ts";

/** Controllers that containers are limited with; enabled on the way down to a container's group where the kernel has them. */
const wantedControllers = ["cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma", "misc"] as const;

/** Name of the group that the engine's own processes are moved to when its root is not the machine's root group. */
const ownGroup = "berth-engine";

/** Control groups of a machine with cgroup2 only. */
export class CgroupV2Manager implements CgroupManager {
  readonly version = 2;
  readonly createsBeside = false;
  readonly #root: string;

  constructor(mountpoint: string) {
    this.#root = mountpoint;
  }

  get controllers(): readonly string[] {
    return wordsOf(readControl(`${this.#root}/cgroup.controllers`));
  }

  create(path: string, resources: Resources): Cgroup {
    const writes = v2Limits(resources);
    const directory = `${this.#root}${path}`;
    const made: string[] = [];
    try {
      let parent = this.#root;
      for (const part of path.split("/").filter((name) => name !== "")) {
        this.#delegate(parent);
        parent = `${parent}/${part}`;
        try {
          mkdirSync(parent, 0o755);
          made.push(parent);
        } catch (error) {
          if (errnoOf(error) !== "EEXIST")
            throw new BerthError("unavailable", `cannot create cgroup ${parent}: ${errnoOf(error)}`, { cause: error });
        }
      }
      const cgroup = new CgroupV2(directory, path);
      cgroup.apply(writes);
      if (resources.devices !== undefined)
        attachDeviceProgram(directory, deviceProgram(foldDeviceRules(resources.devices)));
      return cgroup;
    } catch (error) {
      removeNow(made.toReversed());
      throw error;
    }
  }

  /** By this thread: it is one directory, and its device filter is a program that is loaded here. */
  async createBeside(path: string, resources: Resources, announcement: Announcement): Promise<void> {
    this.create(path, resources);
    announce(announcement);
  }

  /** Enable controllers for the children of `directory`, one by one: one that cannot be enabled does not hold back the others. */
  #delegate(directory: string): void {
    const available = new Set(wordsOf(readControl(`${directory}/cgroup.controllers`)));
    const enabled = new Set(wordsOf(readControl(`${directory}/cgroup.subtree_control`)));
    const missing = wantedControllers.filter((name) => available.has(name) && !enabled.has(name));
    if (missing.length === 0) return;
    const refused = missing.filter((name) => !this.#enable(directory, name));
    if (refused.length === 0) return;
    // A group with processes of its own cannot hand controllers down (cgroup-v2.rst, "No Internal Process Constraint"). Here
    // that is the root a container or a delegation gave to this engine: its processes move one level down.
    if (directory !== this.#root) return;
    const inner = `${directory}/${ownGroup}`;
    mkdirSync(inner, { recursive: true });
    for (const pid of pidsIn(directory)) {
      try {
        writeControl(`${inner}/cgroup.procs`, String(pid));
      } catch (error) {
        if (errnoOf(error) !== "ESRCH") throw error;
      }
    }
    for (const name of refused) this.#enable(directory, name);
  }

  #enable(directory: string, controller: string): boolean {
    try {
      writeControl(`${directory}/cgroup.subtree_control`, `+${controller}`);
      return true;
    } catch (error) {
      // EBUSY: processes in the group; EOPNOTSUPP, EINVAL, ENOENT: this controller is not to be had here. A limit that
      // needs it fails by name.
      return errnoOf(error) !== "EBUSY";
    }
  }

  open(path: string): Cgroup {
    return new CgroupV2(`${this.#root}${path}`, path);
  }

  children(parent: string): readonly string[] {
    return subgroups(`${this.#root}${parent}`).map((name) => `${parent}/${name}`);
  }

  removeEmpty(parent: string): void {
    if (this.children(parent).length === 0) removeNow([`${this.#root}${parent}`]);
  }

  features(): CgroupFeatures {
    const has = new Set(this.controllers);
    return {
      memory: has.has("memory"),
      swap: has.has("memory") && existsSync("/proc/swaps"),
      memoryReservation: has.has("memory"),
      swappiness: false,
      oomKillDisable: false,
      cpuShares: has.has("cpu"),
      cpuQuota: has.has("cpu"),
      cpuRealtime: false,
      cpuset: has.has("cpuset"),
      pids: has.has("pids"),
      blockIoWeight: has.has("io"),
      blockIoThrottle: has.has("io"),
    };
  }
}

const wordsOf = (text: string | undefined): readonly string[] =>
  text === undefined || text === "" ? [] : text.split(" ");

function pidsIn(directory: string): readonly number[] {
  const text = readControl(`${directory}/cgroup.procs`) ?? "";
  return text === ""
    ? []
    : text
        .split("\n")
        .map(Number)
        .filter((pid) => pid > 0);
}

class CgroupV2 implements Cgroup {
  readonly path: string;
  readonly entry: Cgroup["entry"];
  readonly oomEventsPath: string | undefined;
  readonly #directory: string;

  constructor(directory: string, path: string) {
    this.path = path;
    this.#directory = directory;
    this.entry = { directory, procs: [] };
    this.oomEventsPath = `${directory}/memory.events`;
  }

  /** Each value that is overwritten goes into the journal first. */
  apply(writes: readonly V2Write[], journal?: UndoJournal): void {
    for (const write of writes) {
      const chosen = (write.alternatives ?? []).find(({ file }) => existsSync(`${this.#directory}/${file}`)) ?? write;
      journal?.note(`${this.#directory}/${chosen.file}`, chosen.value);
      try {
        writeControl(`${this.#directory}/${chosen.file}`, chosen.value);
      } catch (error) {
        throw limitError(this.#directory, { ...write, ...chosen }, error);
      }
    }
  }

  update(resources: Resources): () => void {
    const memory = resources.memory;
    if (memory?.limit !== undefined && memory.limit > 0 && memory.checkBeforeUpdate === true) {
      const used = readNumber(`${this.#directory}/memory.current`) ?? 0;
      if (used > memory.limit)
        throw new BerthError(
          "conflict",
          `cannot set the memory limit to ${String(memory.limit)}: ${String(used)} bytes are in use`,
        );
    }
    const journal = new UndoJournal();
    try {
      this.apply(v2Limits(resources), journal);
      if (resources.devices !== undefined)
        attachDeviceProgram(this.#directory, deviceProgram(foldDeviceRules(resources.devices)));
    } catch (error) {
      journal.undo();
      throw error;
    }
    return () => journal.undo();
  }

  add(pid: number): void {
    writeControl(`${this.#directory}/cgroup.procs`, String(pid));
  }

  async freeze(): Promise<void> {
    await this.#setFrozen(1);
  }

  async thaw(): Promise<void> {
    await this.#setFrozen(0);
  }

  async #setFrozen(frozen: 0 | 1): Promise<void> {
    if (frozen === 0 && !existsSync(this.#directory)) return;
    writeControl(`${this.#directory}/cgroup.freeze`, String(frozen));
    for (let tries = 0; tries < 500; tries++) {
      const is = readFlat(`${this.#directory}/cgroup.events`)?.["frozen"];
      if (is === frozen || (is === undefined && frozen === 0)) return;
      await new Promise((resolve) => setTimeout(resolve, Math.min(tries, 10)));
    }
    if (frozen === 1) writeControl(`${this.#directory}/cgroup.freeze`, "0");
    throw new BerthError("unavailable", `cannot ${frozen === 1 ? "freeze" : "thaw"} cgroup ${this.path}`);
  }

  isFrozen(): boolean {
    return readNumber(`${this.#directory}/cgroup.freeze`) === 1;
  }

  pids(): readonly number[] {
    return pidsBelow(this.#directory);
  }

  async kill(): Promise<void> {
    if (killAtOnce(this.#directory)) return;
    if (this.isFrozen()) await this.thaw();
    await killOneByOne(
      this.#directory,
      () => this.freeze(),
      () => this.thaw(),
    );
  }

  stats(): CgroupStats {
    return v2Stats((file) => readControl(`${this.#directory}/${file}`));
  }

  async remove(): Promise<void> {
    await removeGroups([this.#directory], () => this.kill());
  }
}
