import { randomHex } from "#base/ids.ts";
import { cancelled, messageOf } from "#base/errors.ts";
import type { BuildRecord } from "#state/build-store.ts";
import type { Vertex, VertexId } from "../graph/types.ts";
import { FailedPlaces } from "./failed-places.ts";
import type { SolveRequest } from "./solve-request.ts";
import { SharedSteps } from "./shared-steps.ts";
import { instructionOf, reasonToReuse, reasonToRun } from "./cache-reason.ts";
import { hashOf, stepKey } from "./step-key.ts";
import type {
  CachedStep,
  FailedPlace,
  FileTree,
  LoadedSource,
  Selection,
  StepEvent,
  StepOperation,
  StepRunner,
  TreeDigests,
  TreeLayer,
} from "./types.ts";
import { inputsOf, isStep, located, once } from "./vertices.ts";

/** A vertex that was carried out or found. */
export interface Solved {
  readonly tree: FileTree;
  /** Of the step; undefined for sources. */
  readonly record: BuildRecord | undefined;
  /** It came from the cache; sources count as if they did. */
  readonly cached: boolean;
  /** The step's own layer; undefined for sources and for a step that changed nothing. */
  readonly layer: TreeLayer | undefined;
}

const EMPTY: FileTree = { kind: "layers", layers: [] };

type Outcome = CachedStep;

export interface SolverDeps {
  /** For the steps of one build. */
  readonly newRunner: () => StepRunner;
  readonly digests: TreeDigests;
}

/**
 * Carries graphs out: every vertex as soon as its inputs are there, those that depend on nothing of each other together.
 *
 * A step is looked for in the cache by its key before its inputs are asked for, so what only a found step needed is never
 * built. A step that copies out of another stage is looked for once more by the digest of the files it takes, so a stage
 * that was built anew to the same files changes nothing after it. Equal steps of concurrent builds run once.
 */
export class Solver {
  readonly #deps: SolverDeps;
  readonly #shared = new SharedSteps<Outcome>();

  constructor(deps: SolverDeps) {
    this.#deps = deps;
  }

  /**
   * Carry out what the graph's results need. The result tells what became of a vertex; rejects with the first failure,
   * when everything else of this build has been stopped.
   */
  async solve(request: SolveRequest): Promise<(vertex: VertexId) => Promise<Solved>> {
    const abort = new AbortController();
    const signal = AbortSignal.any([request.signal, abort.signal]);
    const runner = this.#deps.newRunner();
    const deps = { digests: this.#deps.digests, runner, shared: this.#shared };
    const build = new Build(deps, { ...request, signal });
    const roots = request.graph.results.flatMap(({ root, base }) => [root, base]).filter((id) => id !== undefined);
    try {
      await Promise.all(roots.map((id) => build.solved(id)));
    } catch (error) {
      abort.abort(error);
      await build.settled();
      try {
        await show(deps, build, request, error);
      } finally {
        await build.places.release();
      }
      if (request.signal.aborted) throw cancelled(error);
      throw error;
    } finally {
      await runner.end();
    }
    return (id) => build.solved(id);
  }
}

/** Let somebody look around where a build failed. */
async function show(deps: BuildDeps, build: Build, request: SolveRequest, error: unknown): Promise<void> {
  if (request.onFailed === undefined || request.signal.aborted) return;
  // What the failed step stood on may have been under way: it is carried out once more, or found.
  const again = new Build(deps, { ...request, onFailed: undefined });
  const place = await build.places.first((id) => again.solved(id)).catch(() => undefined);
  if (place !== undefined) await request.onFailed(error, place);
  await again.settled();
}

interface Lookup {
  readonly keys: readonly string[];
  readonly found: Outcome | undefined;
}

interface BuildDeps {
  readonly runner: StepRunner;
  readonly digests: TreeDigests;
  readonly shared: SharedSteps<Outcome>;
}

/** One graph under way. */
class Build {
  readonly #deps: BuildDeps;
  readonly #request: SolveRequest;
  readonly #loaded = new Map<VertexId, Promise<LoadedSource>>();
  readonly #trees = new Map<VertexId, Promise<FileTree>>();
  readonly #lookups = new Map<VertexId, Promise<Lookup>>();
  readonly #solved = new Map<VertexId, Promise<Solved>>();
  readonly #started = new Set<VertexId>();
  readonly places: FailedPlaces;
  /** Steps that are not to be taken from the cache do not share with other builds either. */
  readonly #id = randomHex(8);

  constructor(deps: BuildDeps, request: SolveRequest) {
    this.#deps = deps;
    this.#request = request;
    this.places = new FailedPlaces(deps.runner, request);
  }

  solved(id: VertexId): Promise<Solved> {
    return once(this.#solved, id, () => this.#told(id, () => this.#solve(id)));
  }

  /** Resolves when nothing of this build is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled([
      ...this.#loaded.values(),
      ...this.#trees.values(),
      ...this.#lookups.values(),
      ...this.#solved.values(),
    ]);
  }

  async #solve(id: VertexId): Promise<Solved> {
    const vertex = this.#vertex(id);
    const { operation } = vertex;
    if (!isStep(operation))
      return { tree: await this.#sourceTree(id), record: undefined, cached: true, layer: undefined };
    const lookup = await this.#lookup(id);
    const outcome = lookup.found ?? (await this.#carryOut(id, vertex, operation, lookup.keys));
    this.#request.cache.use(outcome.record);
    const base = operation.base === undefined ? EMPTY : await this.#input(operation.base, operation);
    const below = base.kind === "layers" ? base.layers : [];
    const layer = await outcome.layer(this.#request.signal);
    const layers = layer === undefined ? below : [...below, layer];
    const cached = lookup.found !== undefined;
    if (cached) this.#tell(id, foundAs(outcome.record));
    return { tree: { kind: "layers", layers }, record: outcome.record, cached, layer };
  }

  async #carryOut(id: VertexId, vertex: Vertex, operation: StepOperation, keys: readonly string[]): Promise<Outcome> {
    const trees = new Map<VertexId, FileTree>();
    const inputs = inputsOf(operation);
    await Promise.all(inputs.map(async (input) => trees.set(input, await this.#input(input, operation))));
    const { signal } = this.#request;
    const [key = ""] = keys;
    const { onFailed } = this.#request;
    const shareKey = vertex.ignoreCache || onFailed !== undefined ? `${this.#id} ${id}` : key;
    const report = (event: StepEvent): void => this.#tell(id, event);
    const parents = await this.#parents(inputs);
    const why = await this.#why(vertex, inputs, parents);
    return this.#deps.shared.join(shareKey, { signal, report }, async (stop, say) => {
      // Another build may have finished it between our look and now.
      const found = vertex.ignoreCache ? undefined : await this.#request.cache.find(key);
      if (found !== undefined) {
        say(foundAs(found.record));
        return found;
      }
      const base = operation.base === undefined ? EMPTY : (trees.get(operation.base) ?? EMPTY);
      say({ type: "started" });
      const made = await this.#deps.runner.run({
        vertex,
        operation,
        base,
        tree: (input) => trees.get(input) ?? EMPTY,
        settings: this.#request.settings,
        fillMount: this.#request.fillMount,
        signal: stop,
        report: say,
        ...(onFailed === undefined ? {} : { keep: (place: FailedPlace) => this.places.keep(id, place) }),
      });
      const record = this.#request.cache.store({
        kind: "regular",
        keys,
        // What was built anew although the cache had it may be different now.
        outputKey: vertex.ignoreCache ? hashOf("again", key, randomHex(16)) : key,
        layer: made?.layer.number,
        sizeBytes: made?.sizeBytes ?? 0,
        description: vertex.name,
        parents,
      });
      say({ type: "done", cached: false, id: record.id, why });
      return { record, layer: async () => made?.layer };
    });
  }

  /** Why a step was not taken from the cache. */
  async #why(vertex: Vertex, inputs: readonly VertexId[], parents: readonly string[]): Promise<string> {
    let builtAnew: string | undefined;
    for (const input of inputs) {
      const { cached, record } = await this.solved(input);
      if (record !== undefined && !cached) builtAnew ??= this.#vertex(input).name;
    }
    const isPlain = !vertex.ignoreCache && builtAnew === undefined;
    const before = isPlain ? this.#request.cache.builtBefore(instructionOf(vertex.name)) : [];
    return reasonToRun({ vertex, builtAnew, parents, before });
  }

  /** What an operation works with: a folder as it is where files are copied out of it, else as a layer. */
  async #input(id: VertexId, operation: StepOperation): Promise<FileTree> {
    const { tree } = await this.solved(id);
    if (tree.kind === "layers" || (operation.kind === "copy" && operation.base !== id)) return tree;
    const mounted = operation.kind === "exec" && operation.base !== id ? operation.mounts : [];
    const paths = new Set(mounted.flatMap((mount) => ("from" in mount && mount.from === id ? [mount.source] : [])));
    const [path = "/"] = paths.size === 1 ? paths : [];
    return this.#asLayers(id, path);
  }

  /** A path of a folder as a layer, found again by the digest of its files. */
  async #asLayers(id: VertexId, path: string): Promise<FileTree> {
    const parents = path !== "/";
    const selection: Selection = { path, excludes: [], parents, required: true };
    const key = hashOf("folder", await this.#contentKey(id, selection));
    const vertex = this.#vertex(id);
    const tree = await this.#sourceTree(id);
    const { runner, shared } = this.#deps;
    const { cache } = this.#request;
    const step = await shared.join(key, { signal: this.#request.signal, report: () => {} }, async (signal, report) => {
      const found = await cache.find(key);
      if (found !== undefined) return found;
      const operation: StepOperation = {
        kind: "copy",
        base: undefined,
        sources: [{ type: "tree", from: id, path, unpack: false, fileMode: undefined }],
        destination: "/",
        destinationIsDirectory: true,
        owner: undefined,
        mode: undefined,
        link: false,
        parents,
        excludes: [],
      };
      const { settings, fillMount } = this.#request;
      const step = { vertex, operation, base: EMPTY, tree: () => tree, settings, fillMount };
      const made = await runner.run({ ...step, signal, report });
      const record = cache.store({
        kind: "source.local",
        keys: [key],
        outputKey: key,
        layer: made?.layer.number,
        sizeBytes: made?.sizeBytes ?? 0,
        description: vertex.name,
        parents: [],
      });
      return { record, layer: async () => made?.layer };
    });
    const layer = await step.layer(this.#request.signal);
    return { kind: "layers", layers: layer === undefined ? [] : [layer] };
  }

  async #parents(inputs: readonly VertexId[]): Promise<readonly string[]> {
    const solved = await Promise.all(inputs.map((input) => this.solved(input)));
    return solved.flatMap(({ record }) => (record === undefined ? [] : [record.id]));
  }

  #lookup(id: VertexId): Promise<Lookup> {
    return once(this.#lookups, id, () => this.#told(id, () => this.#find(id)));
  }

  async #find(id: VertexId): Promise<Lookup> {
    const vertex = this.#vertex(id);
    const { operation } = vertex;
    if (!isStep(operation)) throw new RangeError("a source has no cache record");
    const byInputs = await this.#key(vertex, operation, "inputs");
    const fast = vertex.ignoreCache ? undefined : await this.#request.cache.find(byInputs);
    if (fast !== undefined || !(await this.#takesFromStages(operation))) return { keys: [byInputs], found: fast };
    // Together: the copy and what it is put on need them all.
    await Promise.all(inputsOf(operation).map((input) => this.solved(input)));
    const byContent = await this.#key(vertex, operation, "content");
    const slow = vertex.ignoreCache ? undefined : await this.#request.cache.find(byContent);
    if (slow !== undefined) this.#request.cache.alias(byInputs, slow.record);
    return { keys: [byContent, byInputs], found: slow };
  }

  /** The key of a step: by what its inputs follow from, or by the files that a copy takes from them. */
  async #key(vertex: Vertex, operation: StepOperation, by: "inputs" | "content"): Promise<string> {
    const wanted: { readonly tree: VertexId; readonly selection: Selection | undefined }[] = [];
    stepKey(vertex, operation, this.#request.settings, (tree, selection) => {
      if (tree !== undefined) wanted.push({ tree, selection });
      return "";
    });
    const keys = await Promise.all(
      wanted.map(({ tree, selection }) =>
        by === "content" && selection !== undefined
          ? this.#contentKey(tree, selection)
          : this.#treeKey(tree, selection),
      ),
    );
    let next = 0;
    return stepKey(vertex, operation, this.#request.settings, (tree) =>
      tree === undefined ? "" : (keys[next++] ?? ""),
    );
  }

  async #treeKey(id: VertexId, selection: Selection | undefined): Promise<string> {
    const vertex = this.#vertex(id);
    if (!isStep(vertex.operation)) {
      const { key } = await this.#source(id);
      return key ?? this.#contentKey(id, selection ?? everything);
    }
    if (vertex.ignoreCache) return (await this.solved(id)).record?.outputKey ?? "";
    const { keys, found } = await this.#lookup(id);
    return found?.record.outputKey ?? keys[0] ?? "";
  }

  async #contentKey(id: VertexId, selection: Selection): Promise<string> {
    const kept = isStep(this.#vertex(id).operation) ? undefined : (await this.#source(id)).digests;
    const known = kept?.find(selection);
    if (known !== undefined) return known;
    const { tree } = await this.solved(id);
    const digest = await this.#deps.digests.digest(tree, [selection], this.#request.signal);
    kept?.keep(selection, digest);
    return digest;
  }

  async #takesFromStages(operation: StepOperation): Promise<boolean> {
    if (operation.kind !== "copy") return false;
    const from = operation.sources.flatMap((source) => (source.type === "tree" ? [source.from] : []));
    const kinds = await Promise.all(from.map(async (tree) => tree !== undefined && this.#isKeyed(tree)));
    return kinds.includes(true);
  }

  async #isKeyed(id: VertexId): Promise<boolean> {
    return isStep(this.#vertex(id).operation) || (await this.#source(id)).key !== undefined;
  }

  #source(id: VertexId): Promise<LoadedSource> {
    return once(this.#loaded, id, () =>
      this.#told(id, async () => {
        const vertex = this.#vertex(id);
        const { operation } = vertex;
        if (isStep(operation)) throw new RangeError("a step is no source");
        this.#tell(id, { type: "started" });
        const { signal, sources } = this.#request;
        const loaded = await sources.load(vertex, operation, signal, (event) => this.#tell(id, event));
        this.#tell(id, { type: "done", cached: false, id: loaded.id });
        return loaded;
      }),
    );
  }

  #sourceTree(id: VertexId): Promise<FileTree> {
    return once(this.#trees, id, async () => (await this.#source(id)).tree());
  }

  async #told<T>(id: VertexId, work: () => Promise<T>): Promise<T> {
    this.#request.signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (!this.#request.signal.aborted) this.places.failed(id);
      if (this.#started.has(id)) this.#tell(id, { type: "failed", message: messageOf(error) });
      throw located(error, this.#vertex(id));
    }
  }

  #tell(id: VertexId, event: StepEvent): void {
    if (event.type === "started") this.#started.add(id);
    if (event.type === "done" || event.type === "failed") this.#started.delete(id);
    this.#request.onEvent({ ...event, vertex: id });
  }

  #vertex(id: VertexId): Vertex {
    const vertex = this.#request.graph.vertices[id];
    if (vertex === undefined) throw new RangeError(`the graph has no vertex ${id}`);
    return vertex;
  }
}

const everything: Selection = { path: "/", excludes: [], parents: false, required: true };

const foundAs = (record: BuildRecord): StepEvent => ({
  ...{ type: "done", cached: true, id: record.id },
  why: reasonToReuse(record),
});
