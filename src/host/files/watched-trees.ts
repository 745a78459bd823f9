import { lstatSync, readdirSync, statSync, watch, type FSWatcher } from "node:fs";
import { dirname, join } from "node:path";

export interface WatchedTrees {
  /**
   * Absolute paths that appeared, changed or went since the last call resolved, once nothing more has changed for
   * `quietMs`; undefined after `close`. One waiter at a time.
   */
  next(quietMs: number): Promise<readonly string[] | undefined>;
  close(): void;
}

/**
 * Watch files and whole folders (inotify(7)), folders that come later too. A folder that `isSkipped` is not entered. A root
 * that is missing is refused with ENOENT.
 */
export function watchTrees(roots: readonly string[], isSkipped: (path: string) => boolean): WatchedTrees {
  return new Watcher(roots, isSkipped);
}

class Watcher implements WatchedTrees {
  readonly #isSkipped: (path: string) => boolean;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #changed = new Set<string>();
  #wake = (): void => {};
  #closed = false;

  constructor(roots: readonly string[], isSkipped: (path: string) => boolean) {
    this.#isSkipped = isSkipped;
    try {
      for (const root of roots) {
        if (statSync(root).isDirectory()) this.#enter(root);
        else this.#watch(dirname(root), (name) => name === root);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  async next(quietMs: number): Promise<readonly string[] | undefined> {
    if (!this.#closed && this.#changed.size === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    for (let before = -1; !this.#closed && before !== this.#changed.size;) {
      before = this.#changed.size;
      await Bun.sleep(quietMs);
    }
    const paths = [...this.#changed].toSorted();
    this.#changed.clear();
    return this.#closed ? undefined : paths;
  }

  close(): void {
    this.#closed = true;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    this.#wake();
  }

  /** Watch a folder and those in it. The watch stands before its content is read, so that nothing comes in between. */
  #enter(folder: string): void {
    if (this.#watchers.has(folder) || this.#closed) return;
    this.#watch(folder, () => true);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && !this.#isSkipped(path)) this.#enter(path);
    }
  }

  #watch(folder: string, concerns: (path: string) => boolean): void {
    const watcher = watch(folder, { persistent: true }, (event, name) => {
      const path = name === null ? folder : join(folder, name);
      if (concerns(path)) this.#note(path, event === "rename");
    });
    // A folder that is removed is told of by the folder above.
    watcher.on("error", () => this.#leave(folder));
    this.#watchers.set(folder, watcher);
  }

  #note(path: string, appearedOrWent: boolean): void {
    this.#changed.add(path);
    this.#wake();
    if (!appearedOrWent) return;
    try {
      if (!lstatSync(path).isDirectory()) return;
      if (this.#isSkipped(path)) return;
      this.#enter(path);
      this.#noteContent(path);
    } catch {
      this.#leave(path);
    }
  }

  /** What a folder brought with it when it came. */
  #noteContent(folder: string): void {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      this.#changed.add(path);
      if (entry.isDirectory() && !this.#isSkipped(path)) this.#noteContent(path);
    }
  }

  #leave(folder: string): void {
    for (const [path, watcher] of this.#watchers) {
      if (path !== folder && !path.startsWith(`${folder}/`)) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
  }
}
