import { O_DIRECTORY, O_PATH } from "#host/kernel/linux.ts";
import { openMergedView } from "#host/tree/tree-view.ts";
import { close, open } from "#host/kernel/syscalls.ts";
import { compileIgnore } from "#base/ignore-patterns.ts";
import type { FileTree, Selection } from "../solver/types.ts";
import type { OpenSelection, OpenTree } from "./visit-selection.ts";

/** Open a tree for as long as `work` takes. Layers are merged in a mount namespace that goes with it. */
export async function withTree<T>(tree: FileTree, work: (tree: OpenTree | undefined) => Promise<T> | T): Promise<T> {
  if (tree.kind === "folder") {
    const rootFd = open(tree.path, O_PATH | O_DIRECTORY);
    try {
      return await work({ rootFd, ignored: tree.excludes.length === 0 ? undefined : compileIgnore(tree.excludes) });
    } finally {
      close(rootFd);
    }
  }
  if (tree.layers.length === 0) return work(undefined);
  const view = openMergedView([...new Set(tree.layers.map(({ path }) => path).toReversed())]);
  try {
    return await work({ rootFd: view.rootFd, ignored: undefined });
  } finally {
    view.close();
  }
}

export function openSelection({ path, excludes, parents, required }: Selection): OpenSelection {
  return { path, excluded: excludes.length === 0 ? undefined : compileIgnore(excludes), parents, required };
}
