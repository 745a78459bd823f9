import { messageOf } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import { hasCode } from "../kernel/errno.ts";
import { listDirectory } from "./files.ts";
import { AT_FDCWD } from "../kernel/linux.ts";
import { removeTree } from "../tree/remove-tree.ts";
import { renameat2, statfs } from "../kernel/syscalls.ts";

/** Removal waits until nothing was discarded for so long … */
const QUIET_MS = 100;
/** … unless so many trees wait for it. */
const MANY = 100;
/** With less than that on the file system nothing is put off. */
const SHORT_BYTES = 256 << 20;

/**
 * Takes away files that nobody waits for: a discarded tree loses its name at once and its content in the background, one
 * tree at a time. A killed process leaves only what {@link empty} finds at the next start.
 */
export class Trash {
  readonly #directory: string;
  readonly #log: Log;
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;
  #lastMs = 0;
  #inHaste = false;

  /** `directory` exists and is on the file system of what will be discarded. */
  constructor(deps: { readonly directory: string; readonly log: Log }) {
    this.#directory = deps.directory;
    this.#log = deps.log;
  }

  /** No error when there is nothing of that name. What lies on another file system is removed before this resolves. */
  async discard(path: string): Promise<void> {
    const doomed = `${this.#directory}/${randomHex(8)}`;
    try {
      renameat2(AT_FDCWD, path, AT_FDCWD, doomed);
    } catch (error) {
      if (hasCode(error, "ENOENT")) return;
      if (hasCode(error, "EXDEV")) return removeTree(path);
      throw error;
    }
    if (this.#isShort()) return removeTree(doomed);
    this.#queue(doomed);
  }

  /** Little room is left: whoever removes something wants it back now. */
  #isShort(): boolean {
    const { blocksAvailable, blockSize } = statfs(this.#directory);
    return blocksAvailable * blockSize < SHORT_BYTES;
  }

  /** Remove everything in the directory, also what an earlier process left. */
  empty(): void {
    for (const name of listDirectory(this.#directory)) this.#queue(`${this.#directory}/${name}`);
  }

  /** Resolves when all that was discarded until now is gone; nothing is put off from here on. */
  settled(): Promise<void> {
    this.#inHaste = true;
    return this.#work;
  }

  #queue(path: string): void {
    this.#waiting++;
    this.#lastMs = performance.now();
    this.#work = this.#work.then(async () => {
      await this.#quiet();
      this.#waiting--;
      try {
        await removeTree(path, 1);
      } catch (error) {
        this.#log.error("could not remove discarded files", { path, error: messageOf(error) });
      }
    });
  }

  /** Whoever discarded a tree answers first; and on a slow disk one unlink(2) is a long time for a request to wait. */
  async #quiet(): Promise<void> {
    for (;;) {
      const left = this.#inHaste || this.#waiting > MANY ? 0 : this.#lastMs + QUIET_MS - performance.now();
      if (left <= 0) return;
      await new Promise((resolve) => setTimeout(resolve, left));
    }
  }
}
