import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./command.ts";
import { projectDir } from "./paths.ts";

/** How the folders and control groups of private machines begin, for who looks for what others left. */
export const privateMachinePrefix = "private-berth-";

/**
 * What engines see of a machine, once more: control groups, mounts, processes, an empty /run, a /tmp and a network of its
 * own, which has its loopback alone and leads nowhere. So tests that would meet on one machine run at once.
 */
export interface PrivateMachine {
  /** Put before a command line to run it inside. All that it started ends with it. For one command at a time. */
  readonly enter: readonly string[];
  /** After the command has ended. */
  close(): Promise<void>;
}

const cgroupRoot = "/sys/fs/cgroup";

interface Hierarchy {
  readonly point: string;
  readonly type: string;
  /** What mount(8) takes after -o. */
  readonly options: string;
}

/**
 * Whether this machine can be divided: where version 2 of control groups is alone, a group that has processes has no
 * controllers for its children.
 */
export const canDivideMachine = (): boolean => hierarchies().some(({ point }) => point !== cgroupRoot);

/** Throws where {@link canDivideMachine} says no. Root only. */
export function makePrivateMachine(): PrivateMachine {
  if (!canDivideMachine()) throw new Error("control groups of version 2 alone: the machine is not divided");
  const folder = mkdtempSync(join(tmpdir(), privateMachinePrefix));
  chmodSync(folder, 0o1777);
  const name = folder.slice(folder.lastIndexOf("/") + 1);
  const own = ownGroups();
  const found = hierarchies();
  const groups = found.map(({ point, options }) => join(point, own(options), name));
  try {
    for (const group of groups) makeGroup(group);
  } catch (error) {
    for (const group of groups) if (existsSync(group)) rmdirSync(group);
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const inner = join(projectDir, "tools/lab/private-machine.sh");
  const entering = 'for group in $1; do echo $$ > "$group/cgroup.procs" || exit 1; done; shift; exec "$@"';
  const namespaces = ["unshare", "--cgroup", "--mount", "--net", "--pid", "--fork", "--kill-child=KILL"];
  return {
    enter: ["sh", "-c", entering, "sh", groups.join(" "), ...namespaces, inner, projectDir, folder, layout(found)],
    async close() {
      for (const group of groups) await removeGroup(group);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Each once: a machine in a machine lists the outer one's too, which are covered. */
function hierarchies(): readonly Hierarchy[] {
  const found = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .flatMap((line): readonly Hierarchy[] => {
      const [, point = "", type = "", options = ""] = line.split(" ");
      if (!type.startsWith("cgroup") || !`${point}/`.startsWith(`${cgroupRoot}/`)) return [];
      const general = /^(?:rw|ro|nosuid|nodev|noexec|relatime|nsdelegate|memory_recursiveprot)$/u;
      const own = options.split(",").filter((option) => !general.test(option) && !option.includes("agent="));
      return [{ point, type, options: own.join(",") }];
    });
  return [...new Map(found.map((one) => [one.point, one])).values()];
}

/** Where this process is in the hierarchy that is mounted with `options`. */
function ownGroups(): (options: string) => string {
  const lines = readFileSync("/proc/self/cgroup", "utf8").trim().split("\n");
  const paths = new Map(lines.map((line) => [line.split(":")[1] ?? "", line.split(":").slice(2).join(":")]));
  return (options) => paths.get(options) ?? "/";
}

function makeGroup(group: string): void {
  mkdirSync(group);
  // Version 1 lets nobody into a group without processors.
  for (const file of ["cpuset.cpus", "cpuset.mems"])
    if (existsSync(join(group, file))) writeFileSync(join(group, file), readFileSync(join(group, "..", file)));
}

/** For {@link file://./private-machine.sh}. */
function layout(found: readonly Hierarchy[]): string {
  const mounts = found.map(({ point, type, options }) => `${point.slice(cgroupRoot.length + 1)} ${type} ${options}`);
  const links = readdirSync(cgroupRoot)
    .filter((name) => lstatSync(join(cgroupRoot, name)).isSymbolicLink())
    .map((name) => `link ${name} ${readlinkSync(join(cgroupRoot, name))}`);
  return [...mounts, ...links].join("\n");
}

/** Whose processes have ended may be busy for a moment. */
async function removeGroup(group: string): Promise<void> {
  for (const entry of readdirSync(group, { withFileTypes: true }))
    if (entry.isDirectory()) await removeGroup(join(group, entry.name));
  await eventually(`${group} is empty`, () => {
    try {
      rmdirSync(group);
      return true;
    } catch (error) {
      if ((error as { readonly code?: string }).code !== "EBUSY") throw error;
      return undefined;
    }
  });
}
