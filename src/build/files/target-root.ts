import { O_DIRECTORY, O_PATH } from "#host/kernel/linux.ts";
import { close, open, umask } from "#host/kernel/syscalls.ts";
import { openTreeView } from "#host/tree/tree-view.ts";

/** Where a step's files go. */
export type TargetRoot =
  /** On layers, topmost first. */
  | {
      readonly kind: "overlay";
      readonly lowerDirs: readonly string[];
      readonly upperDir: string;
      readonly workDir: string;
    }
  /** On nothing. */
  | { readonly kind: "directory"; readonly path: string };

/** Open the root for as long as `work` takes; modes are as given, whatever this process's umask. */
export async function withTarget<T>(target: TargetRoot, work: (rootFd: number) => Promise<T> | T): Promise<T> {
  const before = umask(0);
  try {
    if (target.kind === "overlay") {
      const view = openTreeView({ ...target, access: "write" }, []);
      try {
        return await work(view.rootFd);
      } finally {
        view.close();
      }
    }
    const rootFd = open(target.path, O_PATH | O_DIRECTORY);
    try {
      return await work(rootFd);
    } finally {
      close(rootFd);
    }
  } finally {
    umask(before);
  }
}
