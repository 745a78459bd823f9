import type { FileOperation } from "../kernel/operations-beside.ts";
import type { V1Write } from "./v1-limits.ts";

/** Where the hierarchies are mounted, and the unified one, which has no controllers. */
export interface HierarchyRoots {
  readonly all: readonly { readonly mountpoint: string; readonly controllers: readonly string[] }[];
  readonly byController: ReadonlyMap<string, string>;
}

/** A cpuset group has no CPUs and nodes, and takes no process, until it gets its parent's. */
export const cpusetFiles = ["cpuset.cpus", "cpuset.mems"] as const;

export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));

/**
 * What makes the new group `path` with its limits, when all of it succeeds: its parent has to be there, with CPUs and nodes. The
 * first operation that fails tells that the case is another one. undefined for limits that need more than to be written.
 */
export function v1Creation(
  roots: HierarchyRoots,
  path: string,
  writes: readonly V1Write[],
): readonly FileOperation[] | undefined {
  const limits = writes.map((write) => limitOperation(roots, path, write));
  if (!limits.every((operation) => operation !== undefined)) return undefined;
  return [...roots.all.flatMap((root) => groupOperations(root, path)), ...limits];
}

function groupOperations(
  { mountpoint, controllers }: HierarchyRoots["all"][number],
  path: string,
): readonly FileOperation[] {
  const made = { kind: "mkdir", path: `${mountpoint}${path}` } as const;
  if (!controllers.includes("cpuset")) return [made];
  const inherited = cpusetFiles.map((file) => ({
    kind: "copy" as const,
    path: `${mountpoint}${parentOf(path)}/${file}`,
    to: `${mountpoint}${path}/${file}`,
  }));
  return [made, ...inherited];
}

/** The first of a limit's alternative files is the one for a machine that has it. */
function limitOperation(
  { byController }: HierarchyRoots,
  path: string,
  { controller, file, value }: V1Write,
): FileOperation | undefined {
  const mountpoint = byController.get(controller);
  if (mountpoint === undefined || (file === "cpu.shares" && !isKept(value))) return undefined;
  return { kind: "write", path: `${mountpoint}${path}/${file}`, value };
}

/** Other shares are clamped without a word: MIN_SHARES and MAX_SHARES of kernel/sched/sched.h. */
const isKept = (shares: string): boolean => Number(shares) >= 2 && Number(shares) <= 262_144;
