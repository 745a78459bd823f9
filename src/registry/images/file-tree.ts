import type { TarEntry } from "#spec/tar/tar-reader.ts";

export interface ListedFile {
  readonly type: TarEntry["type"];
  readonly sizeBytes: number;
  readonly mode: number;
  /** Where a link leads; empty for what is none. */
  readonly linkTarget: string;
  /** Number of the layer it comes from, the bottom one is 0. */
  readonly layer: number;
}

interface Node {
  file: ListedFile;
  children: Map<string, Node>;
  /** The last layer by which everything of the layers below it was taken out of here. */
  emptiedBy: number;
}

/** Linux takes no longer ones; what has them is left out. */
const MAX_NAME_BYTES = 255;
const MAX_DEPTH = 2048;

/**
 * What layers on top of each other come to. Layers are added from the bottom up, so an entry is never of a higher layer
 * than the one being added; that lets each whiteout look at every file once at most.
 */
export class FileTree {
  readonly #root: Node = { file: folderOf(0), children: new Map(), emptiedBy: -1 };
  #size = 0;

  /** Files and folders, also those that were taken away again. */
  get size(): number {
    return this.#size;
  }

  /** `path`: its parts, none for the root. Folders on the way that nothing told of come from the same layer. */
  put(path: readonly string[], file: ListedFile): void {
    if (path.length > MAX_DEPTH || path.some((part) => part.length > MAX_NAME_BYTES)) return;
    let node = this.#root;
    for (const part of path) {
      const known = node.children.get(part);
      const next = known ?? { file: folderOf(file.layer), children: new Map(), emptiedBy: file.layer };
      if (known === undefined) {
        node.children.set(part, next);
        this.#size += 1;
      }
      node = next;
    }
    node.file = file;
    if (file.type !== "directory") node.children = new Map();
  }

  /** Layer `layer` hides what the layers below it have at `path`: a whiteout. */
  remove(path: readonly string[], layer: number): void {
    const name = path.at(-1);
    const parent = this.#find(path.slice(0, -1));
    const node = name === undefined ? undefined : parent?.children.get(name);
    if (name === undefined || node === undefined) return;
    empty(node, layer);
    if (node.file.layer < layer && node.children.size === 0) parent?.children.delete(name);
  }

  /** Layer `layer` hides what the layers below it have in the folder: an opaque whiteout. */
  clear(path: readonly string[], layer: number): void {
    const node = this.#find(path);
    if (node !== undefined) empty(node, layer);
  }

  /** What is in a folder, by name; undefined where there is none. */
  list(path: readonly string[]): readonly (readonly [name: string, file: ListedFile])[] | undefined {
    const node = this.#find(path);
    if (node?.file.type !== "directory") return undefined;
    return [...node.children].map(([name, { file }]) => [name, file] as const).toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  #find(path: readonly string[]): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const part of path) node = node?.children.get(part);
    return node;
  }
}

function folderOf(layer: number): ListedFile {
  return { type: "directory", sizeBytes: 0, mode: 0o755, linkTarget: "", layer };
}

/** Folders of lower layers stay while something of this layer is in them. */
function empty(node: Node, layer: number): void {
  if (node.emptiedBy >= layer) return;
  node.emptiedBy = layer;
  for (const [name, child] of node.children) {
    empty(child, layer);
    if (child.file.layer < layer && child.children.size === 0) node.children.delete(name);
  }
}
