import { KeyedMutex, orAborted } from "#base/async.ts";
import { sha256Hex } from "#base/sha256.ts";
import { withFd, ensureDirectory, exists } from "#host/files/files.ts";
import { copyTree } from "#host/tree/copy-tree.ts";
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from "#host/kernel/linux.ts";
import { removeTree } from "#host/tree/remove-tree.ts";
import { fchmodat, fchownat, open, renameat2 } from "#host/kernel/syscalls.ts";
import type { ExecMount } from "../../graph/types.ts";

type CacheMount = Extract<ExecMount, { type: "cache" }>;

/** The cache mounts that there are, for disk usage and pruning. */
export interface CacheFolderRecords {
  /** `name`: of the folder. Called at every use. */
  used(name: string, mount: { readonly id: string; readonly target: string }): void;
}

type Seed = (path: string, fill: (directory: string) => Promise<void>) => Promise<void>;

export interface TakenFolder {
  readonly path: string;
  release(): Promise<void>;
}

/**
 * Folders that outlive builds, for `RUN --mount=type=cache`. `shared` ones are given to everybody at once, `locked` ones
 * to one after another, of `private` ones there are as many as are used at once.
 */
export class CacheFolders {
  readonly #directory: string;
  readonly #records: CacheFolderRecords;
  readonly #locks = new KeyedMutex();
  readonly #users = new Map<string, number>();

  constructor(deps: { readonly directory: string; readonly records: CacheFolderRecords }) {
    this.#directory = deps.directory;
    this.#records = deps.records;
  }

  /** Is anybody using the folder `name`? */
  isUsed(name: string): boolean {
    return (this.#users.get(name) ?? 0) > 0;
  }

  path(name: string): string {
    return `${this.#directory}/${name}`;
  }

  /** `seed` is called with the path of a new folder, and a function that copies a directory into it. */
  async take(mount: CacheMount, signal: AbortSignal, seed: Seed): Promise<TakenFolder> {
    const base = cacheName(mount.id);
    const release = mount.sharing === "locked" ? await this.#lock(base, signal) : async () => {};
    const name = mount.sharing === "private" ? this.#free(base) : base;
    this.#users.set(name, (this.#users.get(name) ?? 0) + 1);
    const give = async (): Promise<void> => {
      this.#users.set(name, (this.#users.get(name) ?? 1) - 1);
      await release();
    };
    try {
      await this.#locks.run(`make ${name}`, () => this.#make(name, mount, seed));
      this.#records.used(name, mount);
      return { path: this.path(name), release: give };
    } catch (error) {
      await give();
      throw error;
    }
  }

  /**
   * Let `work` look at a mount's folder, of `private` ones at the first; undefined when there is none. It is given to nobody
   * else meanwhile where the mount is `locked`.
   */
  async lend<T>(mount: CacheMount, signal: AbortSignal, work: (path: string) => Promise<T>): Promise<T | undefined> {
    const name = cacheName(mount.id);
    if (!exists(this.path(name))) return undefined;
    const taken = await this.take({ ...mount, sharing: shownAs(mount.sharing) }, signal, async () => {});
    try {
      return await work(taken.path);
    } finally {
      await taken.release();
    }
  }

  /** Whole, or not at all. */
  async #make(name: string, mount: CacheMount, seed: Seed): Promise<void> {
    const path = this.path(name);
    if (exists(path)) return;
    const made = `${path}.new`;
    await removeTree(made);
    ensureDirectory(made, 0o700);
    try {
      await seed(made, async (directory) => {
        const flags = O_RDONLY | O_DIRECTORY;
        withFd(open(directory, flags), (from) => withFd(open(made, flags), (to) => copyTree(from, to)));
      });
      fchownat(AT_FDCWD, made, mount.uid, mount.gid);
      fchmodat(AT_FDCWD, made, mount.mode);
      renameat2(AT_FDCWD, made, AT_FDCWD, path);
    } catch (error) {
      await removeTree(made);
      throw error;
    }
  }

  /** The first that nobody uses. */
  #free(base: string): string {
    for (let number = 0; ; number++) {
      const name = number === 0 ? base : `${base}-${number}`;
      if (!this.isUsed(name)) return name;
    }
  }

  async #lock(base: string, signal: AbortSignal): Promise<() => Promise<void>> {
    const taken = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    void this.#locks.run(`use ${base}`, () => {
      taken.resolve();
      return over.promise;
    });
    try {
      await orAborted(taken.promise, signal);
    } catch (error) {
      over.resolve();
      throw error;
    }
    return async () => over.resolve();
  }
}

/** The first folder of a private mount is looked at while somebody may be using it. */
function shownAs(sharing: CacheMount["sharing"]): CacheMount["sharing"] {
  return sharing === "private" ? "shared" : sharing;
}

function cacheName(id: string): string {
  return sha256Hex(id).slice(0, 32);
}
