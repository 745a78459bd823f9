import { lookAround } from "../graph/look-around.ts";
import type { BuildGraph, VertexId } from "../graph/types.ts";
import type { FailedPlace, FileTree, StepRunner, StepSettings } from "./types.ts";
import { isStep } from "./vertices.ts";

const EMPTY: FileTree = { kind: "layers", layers: [] };

/** The places where one build failed. */
export class FailedPlaces {
  readonly #runner: Pick<StepRunner, "place">;
  readonly #request: { readonly graph: BuildGraph; readonly settings: StepSettings; readonly signal: AbortSignal };
  readonly #kept = new Map<VertexId, FailedPlace>();
  #first: VertexId | undefined;

  constructor(
    runner: Pick<StepRunner, "place">,
    request: { readonly graph: BuildGraph; readonly settings: StepSettings; readonly signal: AbortSignal },
  ) {
    this.#runner = runner;
    this.#request = request;
  }

  /** A vertex failed by itself, not because others had. */
  failed(id: VertexId): void {
    this.#first ??= id;
  }

  keep(id: VertexId, place: FailedPlace): void {
    this.#kept.set(id, place);
  }

  /**
   * Where the first step failed: a command where it stopped, another one on what it would have worked on, which `solved`
   * tells. Undefined for what is no step, and for commands that nobody could begin.
   */
  async first(solved: (id: VertexId) => Promise<{ readonly tree: FileTree }>): Promise<FailedPlace | undefined> {
    const { graph, settings, signal } = this.#request;
    const vertex = this.#first === undefined ? undefined : graph.vertices[this.#first];
    if (this.#first === undefined || vertex === undefined) return undefined;
    const kept = this.#kept.get(this.#first);
    if (kept !== undefined || !isStep(vertex.operation) || vertex.operation.kind === "exec") return kept;
    const operation = lookAround(graph, vertex.operation);
    const base = operation.base === undefined ? EMPTY : (await solved(operation.base)).tree;
    const place = this.#runner.place({
      ...{ vertex, operation, base, settings, signal },
      tree: () => EMPTY,
      fillMount: async () => false,
      report: () => {},
    });
    this.#kept.set(this.#first, place);
    return place;
  }

  async release(): Promise<void> {
    for (const place of this.#kept.values()) await place.release();
    this.#kept.clear();
  }
}
