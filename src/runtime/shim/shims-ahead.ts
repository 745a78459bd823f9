import { messageOf } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import { ensureDirectory } from "#host/files/files.ts";
import { AT_FDCWD } from "#host/kernel/linux.ts";
import { removeTree } from "#host/tree/remove-tree.ts";
import { renameat2 } from "#host/kernel/syscalls.ts";
import type { LaunchPlace } from "../types.ts";
import { WaitingShim } from "./waiting-shim.ts";

/** How many wait: a start and what its client starts next. */
const AHEAD = 2;
/** Nothing is begun for so long before another is made: longer than the rest of a start takes. */
const QUIET_MS = 30;
/** In place of the id, and as long, until the message tells it. */
const nameless = "-".repeat(64);

interface Ahead {
  readonly shim: WaitingShim;
  readonly dir: string;
}

/**
 * Shims that came up before anybody asked. Each is in a directory of its own; to hand one out is to move its directory to
 * where the process tree's is to be: the socket in it and the shim's working directory go along. Nothing in a waiting shim
 * depends on a setting, and it ends with this process, so that a killed engine leaves only directories, which the next
 * {@link open} removes.
 */
export class ShimsAhead {
  readonly #directory: string;
  readonly #shimPath: () => string;
  readonly #log: Log;
  #ready: readonly Ahead[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isOpen = false;

  /** `directory`: on the file system of the directories that are asked for; its own. */
  constructor(deps: { readonly directory: string; readonly shimPath: () => string; readonly log: Log }) {
    this.#directory = deps.directory;
    this.#shimPath = deps.shimPath;
    this.#log = deps.log;
  }

  /** Make the first ones. Until then there are none. */
  async open(): Promise<void> {
    await removeTree(this.#directory);
    ensureDirectory(this.#directory, 0o700);
    this.#isOpen = true;
    this.#makeLater();
  }

  /** One that waits in `place.dir`, an empty directory, from now on; undefined when none is ready that could. */
  take(place: LaunchPlace): WaitingShim | undefined {
    const own = place.mode === undefined || place.mode === "supervised";
    if (!own || (place.preserveFds ?? 0) > 0 || place.id.length !== nameless.length) return undefined;
    this.#makeLater();
    const [first, ...others] = this.#ready;
    if (first === undefined) return undefined;
    try {
      renameat2(AT_FDCWD, first.dir, AT_FDCWD, place.dir);
    } catch {
      // There is something in it already.
      return undefined;
    }
    this.#ready = others;
    return first.shim;
  }

  /** End those that wait. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    const waiting = this.#ready;
    this.#ready = [];
    await Promise.all(waiting.map(({ shim }) => shim.abandon()));
    await removeTree(this.#directory);
  }

  #makeLater(): void {
    if (!this.#isOpen) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#make(), QUIET_MS);
    this.#timer.unref();
  }

  /** One at a time, so that a request that comes meanwhile waits for one at most. */
  #make(): void {
    if (this.#ready.length >= AHEAD) return;
    const dir = `${this.#directory}/${randomHex(8)}`;
    try {
      ensureDirectory(dir, 0o700);
      const made = { dir, shim: WaitingShim.start(this.#shimPath(), { id: nameless, dir }) };
      this.#ready = [...this.#ready, made];
      void made.shim.gone.then(() => this.#lose(made));
    } catch (error) {
      // Who needs one makes it, and is told.
      this.#log.debug("could not make a shim ahead", { error: messageOf(error) });
      return;
    }
    this.#makeLater();
  }

  /** Somebody ended it. */
  #lose(lost: Ahead): void {
    if (!this.#ready.includes(lost)) return;
    this.#ready = this.#ready.filter((one) => one !== lost);
    void lost.shim.abandon();
    void removeTree(lost.dir).catch((error: unknown) => {
      this.#log.warn("could not remove a directory", { path: lost.dir, error: messageOf(error) });
    });
  }
}
