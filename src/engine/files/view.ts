import type { Json } from "#host/helpers/helper-protocol.ts";
import { ownFilesAs } from "#host/mounts/mapped-ids.ts";
import { openTreeView, type TreeView, type ViewMount, type ViewRoot } from "#host/tree/tree-view.ts";

/** How to see a container's files from outside: plain data, because helper processes do the seeing. */
export interface ContainerView {
  readonly root: ViewRoot;
  /** Of `--read-only`. */
  readonly readOnlyRoot: boolean;
  /** Parents before children. */
  readonly mounts: readonly ViewMount[];
}

export function viewToJson({ root, readOnlyRoot, mounts }: ContainerView): Json {
  return {
    root: { ...root },
    readOnlyRoot,
    mounts: mounts.map(({ target, source, recursive, readOnly }) => ({
      target,
      recursive,
      readOnly,
      ...(source === undefined ? {} : { source }),
    })),
  };
}

/** Open the view that the engine described, for as long as `work` takes. */
export async function withView<T>(
  view: ContainerView,
  work: (view: TreeView & { readonly readOnlyRoot: boolean }) => Promise<T> | T,
): Promise<T> {
  const opened = openTreeView(view.root, view.mounts);
  const { ids } = opened;
  const takeBack = ids === undefined ? undefined : ownFilesAs(ids);
  try {
    return await work({ ...opened, readOnlyRoot: view.readOnlyRoot });
  } finally {
    takeBack?.();
    opened.close();
  }
}
