import { BerthError } from "#base/errors.ts";
import type { ContextSource, Vertex } from "../graph/types.ts";
import type { StoredImage } from "#image/types.ts";
import { hashOf } from "../solver/step-key.ts";
import type { FileTree, LoadedSource, SourceLoader, SourceOperation, StepEvent } from "../solver/types.ts";
import type { ContextDigests } from "../known/context-digests.ts";
import type { BuildImages } from "./build-images.ts";
import type { Downloads } from "./downloads.ts";
import type { ContextFolder } from "./context-folder.ts";
import type { LayoutImages } from "./layout-images.ts";

/** The sources of one build. */
export class BuildSources implements SourceLoader {
  readonly #images: BuildImages;
  readonly #layouts: LayoutImages;
  readonly #contexts: ReadonlyMap<string, ContextFolder>;
  readonly #downloads: Downloads;
  readonly #digests: ContextDigests;

  /** `contexts`: by name; `context` is the build's own. */
  constructor(deps: {
    readonly images: BuildImages;
    readonly layouts: LayoutImages;
    readonly contexts: ReadonlyMap<string, ContextFolder>;
    readonly downloads: Downloads;
    readonly digests: ContextDigests;
  }) {
    this.#images = deps.images;
    this.#layouts = deps.layouts;
    this.#contexts = deps.contexts;
    this.#downloads = deps.downloads;
    this.#digests = deps.digests;
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
      case "context":
        return this.#context(operation);
      case "http":
        return this.#downloads.http(operation, signal, report);
      case "git":
        return this.#downloads.git(operation, signal, report);
    }
  }

  #context({ name, excludes }: ContextSource): LoadedSource {
    const folder = this.#contexts.get(name);
    if (folder === undefined) throw new BerthError("invalid-parameter", `the build has no context ${name}`);
    const { lasting, fetch, known } = folder;
    const at = (path: string): FileTree => ({ kind: "folder", path, excludes, lasting });
    return {
      tree: fetch === undefined ? () => at(folder.path) : async () => at(await fetch()),
      key: undefined,
      id: "",
      digests:
        known === undefined
          ? {
              find: (selection) => this.#digests.find({ context: name, excludes, selection }),
              keep: (selection, digest) => this.#digests.keep({ context: name, excludes, selection, digest }),
            }
          : {
              find: (selection) => known.digest(excludes, selection),
              keep: (selection, digest) => known.keepDigest(excludes, selection, digest),
            },
    };
  }
}

function ofImage({ id, layers, diffIds }: StoredImage): LoadedSource {
  const tree: FileTree = { kind: "layers", layers: layers.map(({ path }) => ({ path, number: undefined })) };
  return { tree: () => tree, key: hashOf("image", diffIds), id };
}
