import { BerthError } from "#base/errors.ts";
import type { ContextSource, Vertex } from "../graph/types.ts";
import type { StoredImage } from "#image/types.ts";
import { hashOf } from "../solver/step-key.ts";
import type { FileTree, LoadedSource, SourceLoader, SourceOperation, StepEvent } from "../solver/types.ts";
import type { BuildImages } from "./build-images.ts";
import type { Downloads } from "./downloads.ts";
import type { LayoutImages } from "./layout-images.ts";

/** A folder that a build may read. */
export interface ContextFolder {
  readonly path: string;
  /** It may be built from again. */
  readonly lasting: boolean;
}

/** The sources of one build. */
export class BuildSources implements SourceLoader {
  readonly #images: BuildImages;
  readonly #layouts: LayoutImages;
  readonly #contexts: ReadonlyMap<string, ContextFolder>;
  readonly #downloads: Downloads;

  /** `contexts`: by name; `context` is the build's own. */
  constructor(deps: {
    readonly images: BuildImages;
    readonly layouts: LayoutImages;
    readonly contexts: ReadonlyMap<string, ContextFolder>;
    readonly downloads: Downloads;
  }) {
    this.#images = deps.images;
    this.#layouts = deps.layouts;
    this.#contexts = deps.contexts;
    this.#downloads = deps.downloads;
  }

  async load(
    vertex: Vertex,
    operation: SourceOperation,
    signal: AbortSignal,
    report: (event: StepEvent) => void,
  ): Promise<LoadedSource> {
    switch (operation.kind) {
      case "image":
        return ofImage(await this.#images.get(operation.reference, vertex.platform));
      case "oci-layout":
        return ofImage(await this.#layouts.get(operation.reference, vertex.platform));
      case "context": {
        const tree = this.#folder(operation);
        return { tree: () => tree, key: undefined, id: "" };
      }
      case "http":
        return this.#downloads.http(operation, signal, report);
      case "git":
        return this.#downloads.git(operation, signal, report);
    }
  }

  #folder({ name, excludes }: ContextSource): FileTree {
    const folder = this.#contexts.get(name);
    if (folder === undefined) throw new BerthError("invalid-parameter", `the build has no context ${name}`);
    return { kind: "folder", excludes, ...folder };
  }
}

function ofImage({ id, layers, diffIds }: StoredImage): LoadedSource {
  const tree: FileTree = { kind: "layers", layers: layers.map(({ path }) => ({ path, number: undefined })) };
  return { tree: () => tree, key: hashOf("image", diffIds), id };
}
