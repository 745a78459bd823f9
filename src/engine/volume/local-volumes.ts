import { hasCode } from "#host/errno.ts";
import { ensureDirectory, listDirectory } from "#host/files.ts";
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from "#host/linux.ts";
import { removeTree } from "#host/remove-tree.ts";
import { openInRoot } from "#host/rooted-path.ts";
import { close, lstatMaybe, open } from "#host/syscalls.ts";
import type { RootMount } from "#snapshot/types.ts";
import type { Volumes } from "../ports.ts";
import { copyTree } from "./copy-tree.ts";
import { openMergedRoot } from "./merged-root.ts";

/** Volumes of the `local` driver without options: a directory each. The directory's existence is the volume's. */
export class LocalVolumes implements Volumes {
  readonly #paths: { volumeDir(name: string): string; volumeData(name: string): string };

  constructor(deps: { readonly paths: { volumeDir(name: string): string; volumeData(name: string): string } }) {
    this.#paths = deps.paths;
  }

  async ensure(name: string): Promise<{ readonly path: string; readonly created: boolean }> {
    const path = this.#paths.volumeData(name);
    const created = lstatMaybe(AT_FDCWD, path) === undefined;
    if (created) {
      ensureDirectory(this.#paths.volumeDir(name), 0o701);
      ensureDirectory(path, 0o755);
    }
    return { path, created };
  }

  remove(name: string): Promise<void> {
    return removeTree(this.#paths.volumeDir(name));
  }

  /** Only an empty volume is filled, and only when the image has a directory at `target`. */
  async copyUp(request: {
    readonly volumePath: string;
    readonly root: RootMount;
    readonly target: string;
  }): Promise<void> {
    if (listDirectory(request.volumePath).length > 0) return;
    const rootFd = openMergedRoot(request.root);
    try {
      const source = openDirectoryMaybe(rootFd, request.target);
      if (source === undefined) return;
      try {
        await copyInto(source, request.volumePath);
      } finally {
        close(source);
      }
    } finally {
      close(rootFd);
    }
  }
}

async function copyInto(source: number, path: string): Promise<void> {
  const target = open(path, O_RDONLY | O_DIRECTORY);
  try {
    await copyTree(source, target);
  } finally {
    close(target);
  }
}

function openDirectoryMaybe(rootFd: number, path: string): number | undefined {
  try {
    return openInRoot(rootFd, path, O_RDONLY | O_DIRECTORY);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  }
}
