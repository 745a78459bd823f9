import type { ContextSource, Operation, Tree, Vertex, VertexId } from "./types.ts";

type SourceVertex = Omit<Vertex, "operation">;

/**
 * Collects vertices. Equal sources are one vertex. Contexts are asked for path by path, and know at the end what of them is
 * used.
 */
export class GraphWriter {
  readonly #vertices: Vertex[] = [];
  readonly #sources = new Map<string, VertexId>();
  readonly #contexts = new Map<VertexId, { readonly paths: Set<string> }>();

  add(vertex: Vertex): VertexId {
    return this.#vertices.push(vertex) - 1;
  }

  /** The vertex of an equal source for an equal platform, or a new one. */
  addSource(vertex: Vertex): VertexId {
    const key = JSON.stringify([vertex.operation, vertex.platform, vertex.ignoreCache]);
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    const id = this.add(vertex);
    this.#sources.set(key, id);
    return id;
  }

  addContext(context: Omit<ContextSource, "kind" | "paths">, vertex: SourceVertex): VertexId {
    const id = this.addSource({ ...vertex, operation: { kind: "context", ...context, paths: [] } });
    if (!this.#contexts.has(id)) this.#contexts.set(id, { paths: new Set() });
    return id;
  }

  /** Remember that `path`, from the tree's root, is read. `/` is everything. */
  use(tree: Tree, path: string): void {
    if (tree !== undefined) this.#contexts.get(tree)?.paths.add(path);
  }

  finish(): readonly Vertex[] {
    return this.#vertices.map((vertex, id) => {
      const used = this.#contexts.get(id);
      if (used === undefined || vertex.operation.kind !== "context") return vertex;
      const paths = used.paths.has("/") ? [] : [...used.paths].map((path) => path.replace(/^\/+/, "")).sort();
      const operation: Operation = { ...vertex.operation, paths };
      return { ...vertex, operation };
    });
  }
}
