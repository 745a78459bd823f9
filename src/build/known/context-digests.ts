import type { ContextFolder } from "../sources/context-folder.ts";
import type { FileTree, Selection, TreeDigests } from "../solver/types.ts";

/** Files of a context, and what they came to. */
export interface DigestedFiles {
  /** The context's name. */
  readonly context: string;
  /** Lines of .dockerignore. */
  readonly excludes: readonly string[];
  readonly selection: Selection;
  readonly digest: string;
}

type Files = Omit<DigestedFiles, "digest">;

/** Digests of files of one build's contexts: each is found out once. */
export class ContextDigests {
  readonly #digests: TreeDigests;
  readonly #contexts: ReadonlyMap<string, ContextFolder>;
  readonly #known = new Map<string, DigestedFiles>();

  constructor(deps: { readonly digests: TreeDigests; readonly contexts: ReadonlyMap<string, ContextFolder> }) {
    this.#digests = deps.digests;
    this.#contexts = deps.contexts;
  }

  find(files: Files): string | undefined {
    return this.#known.get(nameOf(files))?.digest;
  }

  keep(files: DigestedFiles): void {
    this.#known.set(nameOf(files), files);
  }

  /** Undefined for a context that there is not. `not-found` when a required selection names nothing. */
  async digest(files: Files, signal: AbortSignal): Promise<string | undefined> {
    const folder = this.#contexts.get(files.context);
    if (folder === undefined) return undefined;
    const { context, excludes, selection } = files;
    const tree: FileTree = { kind: "folder", path: folder.path, excludes, lasting: folder.lasting };
    const digest = await this.#digests.digest(tree, [selection], signal);
    this.keep({ context, excludes, selection, digest });
    return digest;
  }

  /** All that were asked for. */
  all(): readonly DigestedFiles[] {
    return [...this.#known.values()];
  }
}

const nameOf = ({ context, excludes, selection }: Files): string => JSON.stringify([context, excludes, selection]);
