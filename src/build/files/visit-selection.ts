import { BerthError } from "#base/errors.ts";
import { withFd } from "#host/files/files.ts";
import {
  AT_FDCWD,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  S_IFDIR,
  S_IFMT,
  S_IFSOCK,
} from "#host/kernel/linux.ts";
import { openInRoot } from "#host/files/rooted-path.ts";
import { listedFiles, listFolders, type FileFacts, type ListedFile } from "#host/files/file-list.ts";
import {
  close,
  fdPath,
  fstat,
  lstatMaybe,
  openat,
  readDirectory,
  readlinkat,
  type KernelPath,
} from "#host/kernel/syscalls.ts";
import { byteString, kernelPath, type ByteString } from "#spec/tar/byte-string.ts";
import { byBytes, hasWildcards, join, matchPaths, text, type Ignored } from "./match-paths.ts";

/** A tree whose files are looked at. */
export interface OpenTree {
  /** O_PATH or readable. */
  readonly rootFd: number;
  /** Paths of the tree that count as not there. */
  readonly ignored: Ignored | undefined;
}

/** Files of a tree; `Selection` of the solver with its patterns compiled. */
export interface OpenSelection {
  readonly path: string;
  readonly excluded: Ignored | undefined;
  readonly parents: boolean;
  readonly required: boolean;
}

export interface FileAt {
  readonly directoryFd: number;
  readonly name: KernelPath;
  /** The name is a descriptor's own path, which leads to the file itself. */
  readonly isDescriptor: boolean;
}

/** A readable descriptor of a visited regular file, the caller's. Whatever it has become meanwhile, opening it does not block. */
export function openVisited({ directoryFd, name, isDescriptor }: FileAt): number {
  return openat(directoryFd, name, O_RDONLY | O_NONBLOCK | (isDescriptor ? 0 : O_NOFOLLOW));
}

/** A visited link's target. */
export function linkOf({ directoryFd, name }: FileAt): Uint8Array {
  return readlinkat(directoryFd, name);
}

/** Give a path to the calls that take only paths: attributes of the visited file itself. */
export function withAttributesPath<T>({ directoryFd, name, isDescriptor }: FileAt, work: (path: string) => T): T {
  if (isDescriptor) return work(String(name));
  return withFd(openat(directoryFd, name, O_PATH | O_NOFOLLOW), (fd) => work(fdPath(fd)));
}

export interface VisitedFile {
  /** Where what is visited is found, never a link's target: a name in an open directory. Good until the visitor returns. */
  readonly at: FileAt;
  readonly stat: FileFacts;
  /** Path in the tree, cleaned, without the slash in front. */
  readonly place: ByteString;
  /** Path under what the selection names; "" for a folder that it names itself. */
  readonly path: ByteString;
  /** The selection names this file itself, which is no folder. */
  readonly isSource: boolean;
}

/** A visited file, found in a folder's list. */
export interface FolderFile extends VisitedFile {
  readonly listed: ListedFile;
}

/** A folder's place in the tree, its path under what the selection names, and that for the selection's own exclusions. */
export interface Paths {
  readonly place: ByteString;
  readonly path: ByteString;
  readonly below: ByteString;
}

/** What a folder holds of a selection, by the order of the names' bytes. */
export interface FolderContent {
  readonly directoryFd: number;
  /** The folder's own. */
  readonly paths: Paths;
  readonly files: readonly FolderFile[];
  readonly folders: readonly FolderFile[];
}

export interface SelectionVisitor {
  /** What the selection names itself, and the folders above it that `--parents` keeps. */
  source(file: VisitedFile): void;
  /** What is in a folder, before what is in the folders there. */
  folder(content: FolderContent): void;
  /**
   * Names of the folders to visit in a folder whose list (see `listFiles`) is the same as before, when nothing else in it has
   * to be looked at again.
   */
  known?(paths: Paths, list: Uint8Array): readonly ByteString[] | undefined;
}

/**
 * Visit the files of a selection. A link that the selection names is followed inside the tree, links below are visited as
 * they are; sockets are left out. Returns how many sources there were. `not-found` in Docker's words when a required one is
 * missing. What vanishes meanwhile is left out.
 */
export function visitSelection(tree: OpenTree, selection: OpenSelection, visit: SelectionVisitor): number {
  const steps = visitInSteps(tree, selection, visit);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** {@link visitSelection} folder by folder: the caller may do something else in between. End it in every case. */
export function* visitInSteps(
  tree: OpenTree,
  selection: OpenSelection,
  visit: SelectionVisitor,
): Generator<void, number> {
  const { front, pattern } = pivot(selection);
  const sources = matchPaths(tree.rootFd, `${front}/${pattern}`, tree.ignored);
  if (sources.length === 0 && selection.required) throw missing(selection.path);
  const visited = new Set<ByteString>();
  for (const source of sources) {
    const above = selection.parents ? source.slice(front === "" ? 0 : cleanLength(front) + 1) : undefined;
    yield* visitSource({ tree, selection, visit, visited }, source, above);
  }
  return sources.length;
}

/** `--parents` keeps the path behind `/./`. */
function pivot({ path, parents }: OpenSelection): { readonly front: string; readonly pattern: string } {
  const at = parents ? path.indexOf("/./") : -1;
  return at < 0 ? { front: "", pattern: path } : { front: path.slice(0, at), pattern: path.slice(at + 3) };
}

const cleanLength = (path: string): number => Buffer.byteLength(path.replace(/^\/+/, ""));

function missing(path: string): BerthError {
  if (hasWildcards(path)) return new BerthError("not-found", "no source files were specified");
  const shown = path.replace(/^\//, "");
  const message = `file not found in build context or excluded by .dockerignore: stat ${shown}: file does not exist`;
  return new BerthError("not-found", message, { details: { path: shown } });
}

interface Visit {
  readonly tree: OpenTree;
  readonly selection: OpenSelection;
  readonly visit: SelectionVisitor;
  /** Folders above sources that were visited. */
  readonly visited: Set<ByteString>;
}

/** `kept`: the path under which `--parents` keeps it. */
function* visitSource(context: Visit, source: ByteString, kept: ByteString | undefined): Generator<void> {
  const { rootFd } = context.tree;
  const fd = openInRoot(rootFd, kernelPath(source === "" ? "." : source), O_PATH);
  try {
    const stat = fstat(fd);
    if (kept !== undefined) visitAbove(context, source, kept);
    if ((stat.mode & S_IFMT) !== S_IFDIR) {
      const path = kept ?? source.slice(source.lastIndexOf("/") + 1);
      if (isExcluded(context.selection.excluded, path)) return;
      if ((stat.mode & S_IFMT) !== S_IFSOCK)
        context.visit.source({ at: descriptor(fd), stat, place: source, path, isSource: kept === undefined });
      return;
    }
    const path = kept ?? "";
    context.visit.source({ at: descriptor(fd), stat, place: source, path, isSource: false });
    yield* visitFolders(context, fd, ["."], () => ({ place: source, path, below: "" }), 0);
  } finally {
    close(fd);
  }
}

function visitAbove(context: Visit, source: ByteString, kept: ByteString): void {
  const front = source.slice(0, source.length - kept.length);
  for (let at = kept.indexOf("/"); at > 0; at = kept.indexOf("/", at + 1)) {
    const path = kept.slice(0, at);
    if (context.visited.has(path)) continue;
    context.visited.add(path);
    withFd(openInRoot(context.tree.rootFd, kernelPath(front + path), O_PATH | O_DIRECTORY), (fd) =>
      context.visit.source({ at: descriptor(fd), stat: fstat(fd), place: front + path, path, isSource: false }),
    );
  }
}

const inside = ({ place, path, below }: Paths, name: ByteString): Paths => ({
  place: join(place, name),
  path: join(path, name),
  below: join(below, name),
});

/** Folders that are open and listed at a time where a selection begins; of those in them half as many, and so on. */
const TOGETHER = 32;

interface OpenFolder {
  readonly directory: number;
  readonly list: Uint8Array;
  readonly paths: Paths;
}

/** Folders of the directory `above` by their names, in their order. */
function* visitFolders(
  context: Visit,
  above: number,
  names: readonly ByteString[],
  pathsOf: (name: ByteString) => Paths,
  depth: number,
): Generator<void> {
  const together = Math.max(1, TOGETHER >> depth);
  for (let from = 0; from < names.length; from += together) {
    const open = openFolders(above, names.slice(from, from + together), pathsOf);
    try {
      for (let folder = open.shift(); folder !== undefined; folder = open.shift())
        yield* visitFolder(context, folder, depth);
    } finally {
      for (const { directory } of open) close(directory);
    }
  }
}

function openFolders(above: number, names: readonly ByteString[], pathsOf: (name: ByteString) => Paths): OpenFolder[] {
  const directories: number[] = [];
  try {
    for (const name of names) directories.push(openat(above, kernelPath(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    const lists = listFolders(directories);
    return names.map((name, index) => ({
      directory: directories[index] ?? -1,
      list: lists[index] ?? new Uint8Array(0),
      paths: pathsOf(name),
    }));
  } catch (error) {
    for (const directory of directories) close(directory);
    throw error;
  }
}

/** Closes the folder. */
function* visitFolder(context: Visit, { directory, list, paths }: OpenFolder, depth: number): Generator<void> {
  try {
    yield;
    const names = context.visit.known?.(paths, list) ?? visitList(context, directory, paths, list);
    yield* visitFolders(context, directory, names, (name) => inside(paths, name), depth + 1);
  } finally {
    close(directory);
  }
}

/** Names of the folders to visit next. */
function visitList(context: Visit, directory: number, at: Paths, list: Uint8Array): readonly ByteString[] {
  const { tree, selection } = context;
  const files: FolderFile[] = [];
  const folders: FolderFile[] = [];
  for (const listed of listedFiles(list).toSorted((a, b) => byBytes(a.name, b.name))) {
    const { name, stat } = listed;
    const paths = inside(at, name);
    const type = stat.mode & S_IFMT;
    const ignored = isExcluded(tree.ignored, paths.place) || isExcluded(selection.excluded, paths.below);
    if (ignored && (type !== S_IFDIR || !isKept(context, directory, name, paths))) continue;
    const kernelName = kernelPath(name);
    const found: FolderFile = {
      at: { directoryFd: directory, name: kernelName, isDescriptor: false },
      stat,
      place: paths.place,
      path: paths.path,
      isSource: false,
      listed,
    };
    if (type === S_IFDIR) folders.push(found);
    else if (type !== S_IFSOCK) files.push(found);
  }
  context.visit.folder({ directoryFd: directory, paths: at, files, folders });
  return folders.map(({ listed }) => listed.name);
}

/** Is an excluded folder there, because something in it is? */
function isKept(context: Visit, directory: number, name: ByteString, paths: Paths): boolean {
  if (!holdsExceptions(context, paths)) return false;
  return withFd(openat(directory, kernelPath(name), O_PATH | O_DIRECTORY | O_NOFOLLOW), (inner) =>
    holdsKept(context, inner, paths),
  );
}

function holdsKept(
  context: Visit,
  fd: number,
  at: { readonly place: ByteString; readonly below: ByteString },
): boolean {
  return withFd(openat(fd, ".", O_RDONLY | O_DIRECTORY), (directory) =>
    readDirectory(directory).some(({ name: raw }) => {
      const name = byteString(raw);
      const next = { place: join(at.place, name), below: join(at.below, name) };
      const out = isExcluded(context.tree.ignored, next.place) || isExcluded(context.selection.excluded, next.below);
      if (!out) return true;
      const stat = lstatMaybe(directory, kernelPath(name));
      if (stat === undefined || (stat.mode & S_IFMT) !== S_IFDIR || !holdsExceptions(context, next)) return false;
      return withFd(openat(directory, kernelPath(name), O_PATH | O_NOFOLLOW), (inner) =>
        holdsKept(context, inner, next),
      );
    }),
  );
}

function holdsExceptions(
  { tree, selection }: Visit,
  at: { readonly place: ByteString; readonly below: ByteString },
): boolean {
  const inTree = !isExcluded(tree.ignored, at.place) || tree.ignored?.mayHoldExceptions(text(at.place)) === true;
  const inSelection =
    !isExcluded(selection.excluded, at.below) || selection.excluded?.mayHoldExceptions(text(at.below)) === true;
  return inTree && inSelection;
}

function isExcluded(ignored: Ignored | undefined, path: ByteString): boolean {
  return ignored !== undefined && path !== "" && ignored.excludes(text(path));
}

/** A descriptor as a name. */
function descriptor(fd: number): FileAt {
  return { directoryFd: AT_FDCWD, name: fdPath(fd), isDescriptor: true };
}
