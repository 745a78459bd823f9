import type { BuildRecord } from "#state/build-store.ts";
import type { Vertex } from "../graph/types.ts";

/** Why a step was taken from the cache. */
export function reasonToReuse({ createdAt }: BuildRecord): string {
  return `the same instruction was built on the same base and with the same files at ${createdAt}`;
}

/** What there is to know of a step that the cache has not. */
export interface Missed {
  readonly vertex: Vertex;
  /** Something that it is made from and that was not found either. */
  readonly builtAnew: string | undefined;
  /** Records of the steps that it is made from. */
  readonly parents: readonly string[];
  /** What came of the same instruction before, the newest first. */
  readonly before: readonly BuildRecord[];
}

/** Why a step was not taken from the cache. */
export function reasonToRun({ vertex, builtAnew, parents, before }: Missed): string {
  if (vertex.ignoreCache) return "the cache was not to be used";
  if (builtAnew !== undefined) return `what it is made from was built anew: ${builtAnew}`;
  const [last] = before;
  if (last === undefined) return "this instruction was not built before";
  const same = before.find((record) => isSameSet(record.parents, parents));
  if (same === undefined) return `this instruction was built before, at ${last.createdAt}, but not on this base`;
  // What a first step stands on has no record.
  const changed = [
    ...(parents.length === 0 ? ["its base image"] : []),
    ...(vertex.operation.kind === "copy" ? ["the files that it takes"] : ["its arguments", "its mounts"]),
    "its settings",
  ];
  return `since it was built at ${same.createdAt} something has changed: ${changed.slice(0, -1).join(", ")} or ${changed.at(-1)}`;
}

/** A step's name without its place among the others. */
export function instructionOf(name: string): string {
  return name.replace(/^\[[^\]]*\] /, "");
}

const isSameSet = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && new Set([...one, ...other]).size === new Set(one).size;
