import { randomHex } from "#base/ids.ts";
import type { BuildRecord } from "#state/build-store.ts";
import type { NumberedLayer } from "#snapshot/layer-directories.ts";
import type { CachedStep, NewStep, StepCache } from "../solver/types.ts";

/** Rows of the cache; implemented by `state/build-store.ts`. */
export interface BuildRows {
  insert(record: BuildRecord, keys: readonly string[]): void;
  alias(key: string, recordId: string): void;
  find(key: string): BuildRecord | undefined;
  get(id: string): BuildRecord | undefined;
  all(): readonly BuildRecord[];
  touch(ids: readonly string[], nowMs: number): void;
  resize(id: string, sizeBytes: number): void;
  delete(id: string): boolean;
  forgetUnsynced(bootId: string): void;
}

export interface BuildCacheDeps {
  readonly rows: BuildRows;
  readonly layers: { findNumber(number: number): NumberedLayer | undefined };
  /** RFC 3339. */
  readonly now: () => string;
  readonly nowMs: () => number;
}

/** What steps came to, in rows that hold their layers. */
export class BuildCache {
  readonly #deps: BuildCacheDeps;
  /** Records that builds under way rely on, with how many of them do. */
  readonly #held = new Map<string, number>();

  constructor(deps: BuildCacheDeps) {
    this.#deps = deps;
  }

  /** The cache for one build, which keeps what it uses from being pruned until its end. */
  session(): BuildCacheSession {
    return new BuildCacheSession(this.#deps, this.#held);
  }

  isHeld(id: string): boolean {
    return this.#held.has(id);
  }

  /** A command uses the cache mount in the folder `name`. */
  used(name: string, mount: { readonly id: string; readonly target: string }): void {
    const key = `cachemount ${name}`;
    const known = this.#deps.rows.find(key);
    if (known !== undefined) {
      this.#deps.rows.touch([known.id], this.#deps.nowMs());
      return;
    }
    const record: BuildRecord = {
      id: randomHex(16),
      kind: "exec.cachemount",
      layer: undefined,
      outputKey: name,
      description: `cached mount ${mount.target} with id ${JSON.stringify(mount.id)}`,
      parents: [],
      sizeBytes: 0,
      createdAt: this.#deps.now(),
      lastUsedMs: this.#deps.nowMs(),
      uses: 1,
    };
    this.#deps.rows.insert(record, [key]);
  }
}

/** See {@link BuildCache.session}. */
export class BuildCacheSession implements StepCache {
  readonly #deps: BuildCacheDeps;
  readonly #held: Map<string, number>;
  readonly #used = new Set<string>();

  constructor(deps: BuildCacheDeps, held: Map<string, number>) {
    this.#deps = deps;
    this.#held = held;
  }

  find(key: string): CachedStep | undefined {
    const record = this.#deps.rows.find(key);
    if (record === undefined) return undefined;
    const { layer: number } = record;
    const layer = number === undefined ? undefined : this.#deps.layers.findNumber(number);
    if (number !== undefined && layer === undefined) return undefined;
    this.use(record);
    return { record, layer: layer === undefined ? undefined : { path: layer.path, number: layer.number } };
  }

  alias(key: string, record: BuildRecord): void {
    this.#deps.rows.alias(key, record.id);
  }

  store(step: NewStep): BuildRecord {
    const { keys, ...rest } = step;
    const record: BuildRecord = {
      ...rest,
      id: randomHex(16),
      createdAt: this.#deps.now(),
      lastUsedMs: this.#deps.nowMs(),
      uses: 0,
    };
    this.#deps.rows.insert(record, keys);
    this.use(record);
    return record;
  }

  use({ id }: BuildRecord): void {
    if (this.#used.has(id)) return;
    this.#used.add(id);
    this.#held.set(id, (this.#held.get(id) ?? 0) + 1);
  }

  /** The build is over: note what it used, and let go. */
  end(): void {
    if (this.#used.size > 0) this.#deps.rows.touch([...this.#used], this.#deps.nowMs());
    for (const id of this.#used) {
      const left = (this.#held.get(id) ?? 1) - 1;
      if (left === 0) this.#held.delete(id);
      else this.#held.set(id, left);
    }
    this.#used.clear();
  }
}
