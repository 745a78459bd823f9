import { existsSync, readlinkSync, watch, type FSWatcher } from "node:fs";
import { basename, dirname, resolve } from "node:path";

/** Who writes a file anew may take several steps: they are one change. */
const SETTLE_MS = 100;
/** path_resolution(7). */
const MAX_LINKS = 40;

interface Place {
  readonly path: string;
  /** In a folder: the one name that counts. */
  readonly name?: string;
}

/**
 * Follows the file that a path leads to (inotify(7)): its content, the links on the way there, and folders that come or go.
 * `onChange` is called a moment after a change, and may be called without one. Nothing of it keeps the process alive.
 */
export class FollowedFile {
  readonly #path: string;
  readonly #onChange: () => void;
  #watchers: readonly FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(path: string, onChange: () => void) {
    this.#path = path;
    this.#onChange = onChange;
    this.#watch();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#unwatch();
  }

  /** What stands at a watched path may be another file by now. */
  #watch(): void {
    this.#unwatch();
    this.#watchers = placesOf(this.#path).flatMap((place) => {
      try {
        return [this.#watchOne(place)];
      } catch {
        // It has gone meanwhile, which the folder above tells.
        return [];
      }
    });
  }

  #watchOne({ path, name }: Place): FSWatcher {
    const watcher = watch(path, { persistent: false }, (_event, changed) => {
      if (name === undefined || changed === null || changed === name || changed === basename(path)) this.#settle();
    });
    return watcher.on("error", () => this.#settle());
  }

  #unwatch(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  #settle(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      // Before the file is read: what changes from then on is told again.
      this.#watch();
      this.#onChange();
    }, SETTLE_MS).unref();
  }
}

/** The names that lead to the file, each in its folder, and the file itself, which may be changed under another name. */
function placesOf(path: string): readonly Place[] {
  const places: Place[] = [];
  for (let [next, links] = [resolve(path), 0]; ; links++) {
    places.push(nameOf(next));
    const target = targetOf(next);
    if (target === undefined || links === MAX_LINKS) return existsSync(next) ? [...places, { path: next }] : places;
    next = resolve(dirname(next), target);
  }
}

/** In the folder, or of what is to come in the nearest that is there. */
function nameOf(path: string): Place {
  const folder = dirname(path);
  return existsSync(folder) ? { path: folder, name: basename(path) } : nameOf(folder);
}

function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
