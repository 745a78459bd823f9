import { BerthError } from "#base/errors.ts";
import { copyTree } from "#host/copy-tree.ts";
import { hasCode } from "#host/errno.ts";
import { ensureDirectory, exists, listDirectory, withFd } from "#host/files.ts";
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_RDONLY } from "#host/linux.ts";
import { openOverlayView } from "#host/overlay-view.ts";
import { openInRoot } from "#host/rooted-path.ts";
import { lstatMaybe, open } from "#host/syscalls.ts";
import { treeUsage } from "#snapshot/tree-usage.ts";
import type { RootMount } from "#snapshot/types.ts";

/** Where volumes lie; `state/layout.ts` provides it. */
export interface VolumePaths {
  readonly tmpDir: string;
  readonly volumesDir: string;
  volumeDir(name: string): string;
  volumeData(name: string): string;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Volumes of the `local` driver: one directory each. A volume exists exactly when its directory does. */
export class LocalVolumes {
  readonly #paths: VolumePaths;
  readonly #discard: (path: string) => Promise<void>;

  constructor(deps: { readonly paths: VolumePaths; readonly discard: (path: string) => Promise<void> }) {
    this.#paths = deps.paths;
    this.#discard = deps.discard;
  }

  /** Create or find. `created` tells which. `invalid-parameter` for a name Docker does not allow. */
  async ensure(name: string): Promise<{ readonly path: string; readonly created: boolean }> {
    if (!NAME.test(name)) {
      throw new BerthError(
        "invalid-parameter",
        `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
      );
    }
    const path = this.#paths.volumeData(name);
    if (exists(path)) return { path, created: false };
    ensureDirectory(this.#paths.volumeDir(name), 0o701);
    ensureDirectory(path, 0o755);
    return { path, created: true };
  }

  /** Every volume, by name. One that goes meanwhile is left out. */
  async list(): Promise<readonly { readonly name: string; readonly path: string; readonly createdAtNs: bigint }[]> {
    return listDirectory(this.#paths.volumesDir)
      .toSorted()
      .flatMap((name) => {
        const path = this.#paths.volumeData(name);
        // Nothing is ever changed in the directory above the data: its time is that of the volume's making.
        const stat = exists(path) ? lstatMaybe(AT_FDCWD, this.#paths.volumeDir(name)) : undefined;
        if (stat === undefined) return [];
        return [{ name, path, createdAtNs: BigInt(stat.mtimeSeconds) * 1_000_000_000n }];
      });
  }

  /** Bytes of the files in it; 0 when it is gone. */
  async sizeBytes(name: string): Promise<number> {
    const path = this.#paths.volumeData(name);
    return exists(path) ? (await treeUsage(path)).sizeBytes : 0;
  }

  /** With everything in it; no error when it is gone. */
  async remove(name: string): Promise<void> {
    await this.#discard(this.#paths.volumeDir(name));
  }

  /**
   * Fill an empty volume with what the image has at `target`, owner and mode of the directory included (docker-compat).
   * Nothing happens when the volume holds something or the image has no directory there.
   */
  async copyUp(request: {
    readonly volumePath: string;
    readonly root: RootMount;
    readonly target: string;
  }): Promise<void> {
    const { volumePath, root, target } = request;
    if (listDirectory(volumePath).length > 0) return;
    const scratch = `${this.#paths.tmpDir}/copy-up`;
    ensureDirectory(scratch, 0o700);
    const flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    withFd(openOverlayView([root.upperDir, ...root.lowerDirs], scratch), (view) => {
      const source = openDirectory(view, target);
      if (source === undefined) return;
      withFd(source, (from) => withFd(open(volumePath, flags), (to) => copyTree(from, to)));
    });
  }
}

function openDirectory(view: number, path: string): number | undefined {
  try {
    return openInRoot(view, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
