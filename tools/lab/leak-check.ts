import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { command, PATIENCE_MS } from "./command.ts";
import { findProgram, projectDir } from "./paths.ts";
import { privateMachinePrefix } from "./private-machine.ts";

const cgroupRoot = "/sys/fs/cgroup";
const v2File = join(cgroupRoot, "cgroup.controllers");

/** What a test may leave on a machine, one printable line an item. */
export type MachineState = ReadonlySet<string>;

/**
 * Read what engines make: mounts, network interfaces, named network namespaces, nf_tables tables, cgroups, processes of
 * this project, scratch folders. With `dir`, only mounts, processes and folders that have to do with it, for a test that
 * is not alone on the machine. What is on a private machine is not on this one.
 */
export async function readMachineState(dir?: string): Promise<MachineState> {
  const state = new Set<string>();
  for (const line of readFileSync("/proc/self/mounts", "utf8").split("\n")) {
    const [source, point, type] = line.split(" ");
    if (point !== undefined && line.includes(dir ?? "")) state.add(`mount ${type} ${source} on ${point}`);
  }
  for (const name of readdirSync("/sys/class/net")) state.add(`interface ${name}`);
  if (existsSync("/run/netns")) for (const name of readdirSync("/run/netns")) state.add(`network namespace ${name}`);
  for (const table of await firewallTables()) state.add(table);
  for (const path of cgroups(cgroupRoot, 4)) state.add(`cgroup ${path}`);
  for (const line of ownProcesses(dir)) state.add(line);
  for (const name of dir === undefined ? readdirSync(tmpdir()) : []) {
    if (name.startsWith("berth-")) state.add(`scratch folder ${name}`);
  }
  return state;
}

/**
 * What is there and was not before, once the kernel has freed what it frees later, as far as patience goes; without what
 * `isOthers` says of a line.
 */
export async function settledLeftovers(before: MachineState, isOthers = (_line: string) => false): Promise<string[]> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const left = leftovers(before, await readMachineState()).filter((line) => !isOthers(line));
    if (left.length === 0 || performance.now() > end) return left;
    await Bun.sleep(200);
  }
}

/** What is there now and was not before, sorted; without the control groups of others, who are at work on the machine too. */
export function leftovers(before: MachineState, after: MachineState): string[] {
  return [...after].filter((line) => !before.has(line) && !isOthersGroup(line, before)).sort();
}

/**
 * Engines make their groups, or these groups' parents, at the top of a hierarchy or below the group they run in themselves. What
 * is new in a group further down that was there before is of whoever made that one, unless it has a container's name.
 */
function isOthersGroup(line: string, before: MachineState): boolean {
  const [, group] = /^cgroup (\S+)$/.exec(line) ?? [];
  if (group === undefined || /berth|docker|[0-9a-f]{64}/.test(group)) return false;
  const parent = dirname(group);
  const own = readFileSync("/proc/self/cgroup", "utf8")
    .trim()
    .split("\n")
    .map((each) => each.split(":").slice(2).join(":"));
  const isOwn = own.some((path) => path !== "/" && parent.endsWith(path));
  return before.has(`cgroup ${parent}`) && !isTop(parent) && !isOwn;
}

/** A hierarchy's root: `/sys/fs/cgroup` with version 2, a folder of it for each hierarchy of version 1. */
const isTop = (group: string): boolean =>
  group === cgroupRoot || (dirname(group) === cgroupRoot && !existsSync(v2File));

async function firewallTables(): Promise<string[]> {
  const nft = findProgram("nft");
  if (nft === undefined) return [];
  const { stdout } = await command([nft, "list", "tables"]);
  return stdout.split("\n").filter((line) => line !== "");
}

/** Folders of the control group file systems below `dir`, down to `depth`. */
function cgroups(dir: string, depth: number): string[] {
  if (depth === 0) return [];
  let names: string[];
  try {
    names = readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith(privateMachinePrefix))
      .map((entry) => entry.name);
  } catch {
    // It went while it was read.
    return [];
  }
  return names.flatMap((name) => [join(dir, name), ...cgroups(join(dir, name), depth - 1)]);
}

/** Processes of this project or, with `dir`, those that name it or have a file of it open; not this one's ancestors. */
function ownProcesses(dir: string | undefined): string[] {
  const mine = ancestors(process.pid);
  const found: string[] = [];
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    if (mine.has(Number(name))) continue;
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      const known = `${readlinkSync(`/proc/${name}/exe`)} ${line}`;
      const counts = dir === undefined ? isEngineProcess(known) : `${known} ${openFiles(name)}`.includes(dir);
      const isElsewhere = readFileSync(`/proc/${name}/cgroup`, "utf8").includes(privateMachinePrefix);
      if (counts && !isElsewhere) found.push(`process ${name} ${line.slice(0, 160)}`);
    } catch {
      // It ended, or it is a kernel thread.
    }
  }
  return found;
}

function openFiles(pid: string): string {
  return readdirSync(`/proc/${pid}/fd`)
    .map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
    .join(" ");
}

function isEngineProcess(text: string): boolean {
  const words = ["berth-shim", "dist/berth", join(tmpdir(), "berth-"), join(projectDir, ".cache/packages")];
  return words.some((word) => text.includes(word));
}

function ancestors(pid: number): Set<number> {
  const found = new Set<number>();
  for (let at = pid; at > 1 && !found.has(at);) {
    found.add(at);
    const stat = readFileSync(`/proc/${at}/stat`, "utf8");
    at = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  }
  return found;
}
