import { BerthError } from "#base/errors.ts";
import { hasCode } from "#host/kernel/errno.ts";
import { withFd } from "#host/files/files.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import { AT_EMPTY_PATH, AT_FDCWD, O_PATH, S_IFDIR, S_IFMT } from "#host/kernel/linux.ts";
import { makeDirectoriesInRoot, openInRoot } from "#host/files/rooted-path.ts";
import { close, fchownat, fdPath, fstat } from "#host/kernel/syscalls.ts";
import { evaluateInRoot } from "#host/tree/container-path.ts";
import { kernelPath } from "#spec/tar/byte-string.ts";
import type { CopySource, FileMode } from "../graph/types.ts";
import type { FileTree } from "../solver/types.ts";
import { isArchive, openCandidate } from "./archive-file.ts";
import { CopyWriter, type CopyPlace } from "./copy-writer.ts";
import { matchPaths } from "./match-paths.ts";
import { openSelection, withTree } from "./open-tree.ts";
import { withTarget, type TargetRoot } from "./target-root.ts";
import { visitSelection, type VisitedFile } from "./visit-selection.ts";

export const COPY_TASK = "build-copy";

export interface CopyInput {
  readonly target: TargetRoot;
  readonly sources: readonly CopyTaskSource[];
  readonly place: CopyPlace;
  /** Instead of the files' own. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly mode: FileMode | undefined;
  readonly parents: boolean;
  readonly excludes: readonly string[];
  /** Unix seconds; times of what is made here, not copied. */
  readonly nowSeconds: number;
}

export type CopyTaskSource =
  | (Extract<CopySource, { type: "tree" }> & { readonly tree: FileTree })
  | Extract<CopySource, { type: "inline" }>;

/** ADD and COPY: files of trees, of archives and of the Dockerfile itself into a tree. */
export async function copyTask(input: Json): Promise<Json> {
  const copy = input as unknown as CopyInput;
  const fresh = await makeFresh(copy);
  return withTarget(fresh?.target ?? copy.target, async (rootFd) => {
    const writer = new CopyWriter(rootFd, { ...copy, place: fresh?.place ?? copy.place, isFresh: fresh !== undefined });
    try {
      for (const source of copy.sources) await copySource(writer, source, copy);
      return { sizeBytes: writer.finish() };
    } finally {
      writer.close();
    }
  });
}

/**
 * A destination that is not there is made by the overlay, and filled in its upper directory without it: what is new has
 * nothing below it, and the way through overlayfs costs as much again. Undefined where that cannot be.
 */
async function makeFresh(
  copy: CopyInput,
): Promise<{ readonly target: TargetRoot; readonly place: CopyPlace } | undefined> {
  const { target, place } = copy;
  if (target.kind !== "overlay" || !(place.isDirectory || (await isFolder(copy)))) return undefined;
  return withTarget(target, (rootFd) => {
    const destination = evaluateInRoot(rootFd, place.destination);
    if (isThere(rootFd, destination)) return undefined;
    const writer = new CopyWriter(rootFd, {
      ...copy,
      place: { ...place, destination, isDirectory: true },
      isFresh: false,
    });
    try {
      writer.makeFolder();
      writer.finish();
    } finally {
      writer.close();
    }
    return {
      target: { kind: "directory", path: target.upperDir },
      place: { ...place, destination, isDirectory: true },
    };
  });
}

/** Is the one source a folder, whose content goes into the destination? */
async function isFolder({ sources, parents }: CopyInput): Promise<boolean> {
  const [source, ...others] = sources;
  if (parents || source?.type !== "tree" || others.length > 0) return false;
  return withTree(source.tree, (tree) => {
    if (tree === undefined) return false;
    const [path, ...more] = matchPaths(tree.rootFd, source.path, tree.ignored);
    if (path === undefined || more.length > 0) return false;
    return withFd(openInRoot(tree.rootFd, kernelPath(path === "" ? "." : path), O_PATH), (fd) => {
      return (fstat(fd).mode & S_IFMT) === S_IFDIR;
    });
  });
}

async function copySource(writer: CopyWriter, source: CopyTaskSource, copy: CopyInput): Promise<void> {
  if (source.type === "inline") {
    writer.inline(source.filename, source.content);
    return;
  }
  const { path, unpack, fileMode } = source;
  const candidates: { readonly fd: number; readonly file: VisitedFile }[] = [];
  const options = { owned: source.tree.kind === "layers", fileMode };
  try {
    await withTree(source.tree, async (tree) => {
      if (tree === undefined) throw new BerthError("not-found", `file not found: stat ${path}: file does not exist`);
      const selection = openSelection({ path, excludes: copy.excludes, parents: copy.parents, required: true });
      visitSelection(tree, selection, {
        source: (file) => {
          const fd = unpack && file.isSource ? openCandidate(file) : undefined;
          if (fd === undefined) writer.source(file, options);
          else
            candidates.push({
              fd,
              file: { ...file, at: { directoryFd: AT_FDCWD, name: fdPath(fd), isDescriptor: true } },
            });
        },
        folder: (content) => writer.folder(content, options),
      });
      for (const { fd, file } of candidates) {
        if (await isArchive(fd)) await writer.unpack(fd);
        else writer.source(file, options);
      }
    });
  } finally {
    for (const { fd } of candidates) close(fd);
  }
}

export const MAKE_DIRECTORY_TASK = "build-mkdir";

export interface MakeDirectoryInput {
  readonly target: TargetRoot;
  readonly path: string;
  readonly mode: number;
  /** Of the folders that are made. */
  readonly owner: { readonly uid: number; readonly gid: number };
}

/** WORKDIR: a folder and those above it. */
export async function makeDirectoryTask(input: Json): Promise<Json> {
  const { target, path, mode, owner } = input as unknown as MakeDirectoryInput;
  return withTarget(target, (rootFd) => {
    const parts = evaluateInRoot(rootFd, path).split("/").slice(1);
    for (let count = 1; count <= parts.length; count++) {
      const folder = `/${parts.slice(0, count).join("/")}`;
      if (isThere(rootFd, folder)) continue;
      withFd(makeDirectoriesInRoot(rootFd, folder, mode), (fd) =>
        fchownat(fd, "", owner.uid, owner.gid, AT_EMPTY_PATH),
      );
    }
    return { sizeBytes: 0 };
  });
}

function isThere(rootFd: number, path: string): boolean {
  try {
    return withFd(openInRoot(rootFd, path, O_PATH), () => true);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
