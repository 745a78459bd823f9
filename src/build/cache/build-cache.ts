import { randomHex } from "#base/ids.ts";
import type { BuildRecord } from "#state/build-store.ts";
import type { NumberedLayer } from "#snapshot/layer-directories.ts";
import type { CachedStep, NewStep, StepCache, TreeLayer } from "../solver/types.ts";
import type { KeyedRecord } from "./export-cache.ts";
import type { ImportedCache, ImportedStep } from "./imported-cache.ts";

/** Rows of the cache; implemented by `state/build-store.ts`. */
export interface BuildRows {
  insert(record: BuildRecord, keys: readonly string[]): void;
  alias(key: string, recordId: string): void;
  find(key: string): BuildRecord | undefined;
  get(id: string): BuildRecord | undefined;
  /** By which it is found. */
  keysOf(id: string): readonly string[];
  all(): readonly BuildRecord[];
  /** See `StepCache.builtBefore`. */
  builtBefore(instruction: string): readonly BuildRecord[];
  /** Is each found under its key? */
  areFound(steps: readonly FoundStep[]): boolean;
  touch(ids: readonly string[], nowMs: number): void;
  resize(id: string, sizeBytes: number): void;
  delete(id: string): boolean;
  forgetUnsynced(bootId: string): void;
}

export interface BuildCacheDeps {
  readonly rows: BuildRows;
  readonly layers: {
    treePath(number: number): string;
    findDiffId(diffId: string): NumberedLayer | undefined;
  };
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

  /**
   * The cache for one build, which keeps what it uses from being pruned until its end. What is not here is looked for in
   * `imported`, in their order; `fetch` brings a layer of theirs, held by nobody when it resolves.
   */
  session(imported: readonly ImportedCache[] = [], fetch: FetchLayer = refuseFetch): BuildCacheSession {
    return new BuildCacheSession({ ...this.#deps, imported, fetch }, this.#held);
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

/**
 * Bring a layer here and unpack it. Resolves when it has a row; `record` is called before anybody may collect it again.
 */
export type FetchLayer = (
  layer: NonNullable<ImportedStep["layer"]>,
  source: ImportedStep["source"],
  signal: AbortSignal,
  record: () => void,
) => Promise<void>;

const refuseFetch: FetchLayer = () => Promise.reject(new RangeError("nothing was imported"));

/** A record's id, and a key that it was found by. */
export type FoundStep = readonly [key: string, recordId: string];

interface AwaitedStep {
  readonly step: CachedStep;
  readonly keys: Set<string>;
}

/** See {@link BuildCache.session}. */
export class BuildCacheSession implements StepCache {
  readonly #deps: BuildCacheDeps & { readonly imported: readonly ImportedCache[]; readonly fetch: FetchLayer };
  readonly #held: Map<string, number>;
  readonly #used = new Set<string>();
  readonly #found = new Map<string, string>();
  #isComplete = true;
  /** Steps that were found elsewhere and have no row yet, by their records' ids and by where they were found. */
  readonly #awaited = new Map<string, AwaitedStep>();
  readonly #known = new Map<ImportedStep["record"], AwaitedStep>();

  constructor(
    deps: BuildCacheDeps & { readonly imported: readonly ImportedCache[]; readonly fetch: FetchLayer },
    held: Map<string, number>,
  ) {
    this.#deps = deps;
    this.#held = held;
  }

  async find(key: string): Promise<CachedStep | undefined> {
    return this.#here(key) ?? this.#elsewhere(key);
  }

  builtBefore(instruction: string): readonly BuildRecord[] {
    return this.#deps.rows.builtBefore(instruction);
  }

  /** All records that this build found here; undefined when it needed others. */
  get found(): readonly FoundStep[] | undefined {
    return this.#isComplete ? [...this.#found] : undefined;
  }

  /** Rely on all of these, when each is found under its key still. */
  useAll(steps: readonly FoundStep[]): boolean {
    if (!this.#deps.rows.areFound(steps)) return false;
    for (const [, id] of steps) this.use({ id });
    return true;
  }

  /** Fetch what was found elsewhere and not needed, so that it can be handed on. */
  async fetchAll(signal: AbortSignal): Promise<void> {
    for (const { step } of [...this.#awaited.values()]) await step.layer(signal);
  }

  /** Records that this build found or made, each with its keys; of those with an id in `among`, where it is given. */
  used(among?: ReadonlySet<string>): readonly KeyedRecord[] {
    const { rows } = this.#deps;
    return [...this.#used].flatMap((id) => {
      const record = among?.has(id) === false ? undefined : rows.get(id);
      return record === undefined ? [] : [{ record, keys: rows.keysOf(id) }];
    });
  }

  #here(key: string): CachedStep | undefined {
    const record = this.#deps.rows.find(key);
    if (record === undefined) return undefined;
    const { layer: number } = record;
    this.use(record);
    this.#found.set(key, record.id);
    const tree = number === undefined ? undefined : { path: this.#deps.layers.treePath(number), number };
    return { record, layer: async () => tree };
  }

  #elsewhere(key: string): CachedStep | undefined {
    for (const cache of this.#deps.imported) {
      const found = cache.find(key);
      if (found === undefined) continue;
      this.#isComplete = false;
      const known = this.#known.get(found.record) ?? this.#await(found);
      this.#known.set(found.record, known);
      known.keys.add(key);
      this.use(known.step.record);
      return known.step;
    }
    return undefined;
  }

  /** A step from elsewhere gets its row when its layer is here: until then nothing stands for it. */
  #await({ record: given, layer, source }: ImportedStep): AwaitedStep {
    const { outputKey, description, createdAt, sizeBytes } = given;
    const record: BuildRecord = {
      ...{
        id: randomHex(16),
        kind: "regular",
        layer: undefined,
        outputKey,
        description,
        parents: [],
        sizeBytes,
        createdAt,
      },
      ...{ lastUsedMs: this.#deps.nowMs(), uses: 0 },
    };
    const keys = new Set(given.keys);
    let fetched: Promise<TreeLayer | undefined> | undefined;
    const bring = async (signal: AbortSignal): Promise<TreeLayer | undefined> => {
      const { rows, layers, fetch } = this.#deps;
      const settle = (): TreeLayer | undefined => {
        const here = layer === undefined ? undefined : layers.findDiffId(layer.diffId);
        rows.insert({ ...record, layer: here?.number }, [...keys]);
        this.#awaited.delete(record.id);
        return here === undefined ? undefined : { path: here.path, number: here.number };
      };
      if (layer === undefined || layers.findDiffId(layer.diffId) !== undefined) return settle();
      let tree: TreeLayer | undefined;
      await fetch(layer, source, signal, () => (tree = settle()));
      return tree;
    };
    const step: CachedStep = { record, layer: (signal) => (fetched ??= bring(signal)) };
    const awaited = { step, keys };
    this.#awaited.set(record.id, awaited);
    // There is nothing to wait for; what fails is told to who asks.
    if (layer === undefined) step.layer(new AbortController().signal).catch(() => undefined);
    return awaited;
  }

  alias(key: string, record: BuildRecord): void {
    const awaited = this.#awaited.get(record.id);
    if (awaited === undefined) this.#deps.rows.alias(key, record.id);
    else awaited.keys.add(key);
  }

  store(step: NewStep): BuildRecord {
    this.#isComplete = false;
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

  storeOnce(step: NewStep): BuildRecord {
    const [key = ""] = step.keys;
    const known = this.#deps.rows.find(key);
    if (known === undefined) return this.store(step);
    this.use(known);
    this.#found.set(key, known.id);
    return known;
  }

  use({ id }: Pick<BuildRecord, "id">): void {
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
