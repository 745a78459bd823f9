import { messageOf } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import { AT_FDCWD, RENAME_NOREPLACE } from "../kernel/linux.ts";
import { raw } from "../kernel/syscalls.ts";
import { removeTree } from "../tree/remove-tree.ts";
import { ensureDirectory, listDirectory } from "./files.ts";

/** A directory and those in it, each with exactly this mode. */
export interface DirectoryTree {
  readonly mode: number;
  readonly inner: readonly (readonly [name: string, mode: number])[];
}

const ENOENT = 2;
/** How many wait: what the services of a small project ask for at once. */
const AHEAD = 4;
/** Nothing is asked for so long before another is made: longer than what is done next with one. */
const QUIET_MS = 25;

/** Make what is missing of a tree, in its order: where the last directory is, the others are. */
export function ensureTree(path: string, { mode, inner }: DirectoryTree): void {
  ensureDirectory(path, mode);
  for (const [name, innerMode] of inner) ensureDirectory(`${path}/${name}`, innerMode);
}

/**
 * Directories that are made before anybody asks, because ext4 takes ten times as long to make one as to move it: it looks
 * for a block group for each. One is moved to where it is to be when it is asked for. A killed process leaves what waits,
 * which the next {@link open} removes.
 */
export class DirectoriesAhead {
  readonly #directory: string;
  readonly #tree: DirectoryTree;
  readonly #log: Log;
  #ready: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isOpen = false;

  /** `directory` exists, its own, on the file system of what will be asked for, and with the attributes that are inherited there. */
  constructor(deps: { readonly directory: string; readonly tree: DirectoryTree; readonly log: Log }) {
    this.#directory = deps.directory;
    this.#tree = deps.tree;
    this.#log = deps.log;
  }

  /** From now on some are made. */
  async open(): Promise<void> {
    await this.#empty();
    this.#isOpen = true;
    this.#makeLater();
  }

  /** The tree is at `path` then, as {@link ensureTree} makes it: where nothing was, one that waited, if there is any. */
  make(path: string): void {
    if (!this.#take(path)) ensureTree(path, this.#tree);
  }

  /** Remove those that wait. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#ready = [];
    await this.#empty();
  }

  #take(path: string): boolean {
    this.#makeLater();
    const [first, ...others] = this.#ready;
    if (first === undefined) return false;
    // Refused where something is, and where the administrator mounted another file system or set another quota.
    const moved = raw("renameat2", AT_FDCWD, first, AT_FDCWD, path, RENAME_NOREPLACE);
    if (moved >= 0 || moved === -ENOENT) this.#ready = others;
    return moved >= 0;
  }

  #makeLater(): void {
    if (!this.#isOpen) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#makeOne(), QUIET_MS);
    this.#timer.unref();
  }

  /** One at a time, so that a request that comes meanwhile waits for one at most. */
  async #makeOne(): Promise<void> {
    if (this.#ready.length >= AHEAD) return;
    const path = `${this.#directory}/${randomHex(8)}`;
    try {
      ensureTree(path, this.#tree);
      this.#ready = [...this.#ready, path];
      this.#makeLater();
    } catch (error) {
      // Who needs one makes it, and is told.
      this.#log.debug("could not make a directory ahead", { error: messageOf(error) });
      await removeTree(path).catch(() => undefined);
    }
  }

  async #empty(): Promise<void> {
    for (const name of listDirectory(this.#directory)) await removeTree(`${this.#directory}/${name}`);
  }
}
