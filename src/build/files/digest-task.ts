import { createHash, hash } from "node:crypto";
import { BerthError } from "#base/errors.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import { withFd } from "#host/files/files.ts";
import { SMALL_FILE_BYTES, readFiles } from "#host/files/file-list.ts";
import { S_IFBLK, S_IFCHR, S_IFLNK, S_IFMT, S_IFREG } from "#host/kernel/linux.ts";
import { getxattr, listxattr, read } from "#host/kernel/syscalls.ts";
import { byteString, type ByteString } from "#spec/tar/byte-string.ts";
import type { FileTree, Selection } from "../solver/types.ts";
import { openSelection, withTree } from "./open-tree.ts";
import { StatCache } from "./stat-cache.ts";
import {
  linkOf,
  openVisited,
  visitInSteps,
  withAttributesPath,
  type FileAt,
  type FolderContent,
  type FolderFile,
  type Paths,
  type SelectionVisitor,
  type VisitedFile,
} from "./visit-selection.ts";

export const DIGEST_TASK = "build-digest";

export interface DigestInput {
  readonly tree: FileTree;
  readonly selections: readonly Selection[];
  /** See {@link StatCache}. */
  readonly cachePath: string | undefined;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/** A digest of all that the selections hold: paths, types, modes, link targets, contents, and of layers owners and attributes. */
export async function digestTask(input: Json): Promise<Json> {
  return digestSelections(input as unknown as DigestInput);
}

export async function digestSelections(input: DigestInput): Promise<string> {
  const cache = new StatCache(input.cachePath, input.nowMs);
  const digest = await digestInSteps(input, cache, (steps) => {
    for (const _ of steps);
  });
  cache.save();
  return digest;
}

/** The longest that the event loop is held up. */
const SLICE_MS = 4;

/**
 * {@link digestSelections} of a folder where all that would have to be read is a few small files: for this process's own
 * event loop, which goes on meanwhile. Undefined for anything else, which is soon found out.
 */
export async function knownDigest(input: DigestInput, signal: AbortSignal): Promise<string | undefined> {
  const { tree, selections, cachePath, nowMs } = input;
  if (tree.kind !== "folder" || cachePath === undefined || selections.some(({ path }) => path.includes("**")))
    return undefined;
  const cache = new StatCache(cachePath, nowMs, "folders");
  try {
    const digest = await digestInSteps(input, cache, async (steps) => {
      let begun = performance.now();
      for (const _ of steps) {
        if (performance.now() - begun < SLICE_MS) continue;
        await new Promise<void>((resolve) => setImmediate(resolve));
        signal.throwIfAborted();
        begun = performance.now();
      }
    });
    cache.save();
    return digest;
  } catch (error) {
    // Whatever the kernel refuses is a helper's to tell.
    if (error instanceof BerthError || signal.aborted) throw error;
    return undefined;
  }
}

/** `drive` goes through the steps, each of which looks at a folder. */
async function digestInSteps(
  { tree, selections }: DigestInput,
  cache: StatCache,
  drive: (steps: Iterable<void>) => Promise<void> | void,
): Promise<string> {
  const total = createHash("sha256");
  await withTree(tree, async (opened) => {
    for (const selection of selections) {
      total.update(`${selection.path}\0`);
      if (opened === undefined) continue;
      const excludes = tree.kind === "folder" ? tree.excludes : [];
      const rules = excludes.length + selection.excludes.length === 0 ? "" : JSON.stringify([excludes, selection]);
      const visitor = new Digester(tree.kind, rules, cache, (text) => total.update(text, "latin1"));
      await drive(visitInSteps(opened, openSelection(selection), visitor));
    }
  });
  return total.digest("hex");
}

/** Files would have to be read. */
class Unknown extends Error {}

/** What may be read of a folder whose other files are known: as much as takes some milliseconds. */
const MAX_READ_FILES = 256;
const MAX_READ_BYTES = 1 << 20;
/** Of a folder's list: a few times as many files. */
const MAX_LIST_BYTES = 128 << 10;

/** Small files that are read at a time: 8 MiB at most. */
const MAX_BATCH = 128;

/** Adds up digests of folders, each behind its path: of all that is right in them. */
class Digester implements SelectionVisitor {
  readonly #kind: FileTree["kind"];
  readonly #rules: string;
  readonly #cache: StatCache;
  readonly #add: (text: ByteString) => void;
  /** Of the folder whose list was looked at last. */
  #stamp = "";
  #readFiles = 0;
  #readBytes = 0;
  readonly #room = { bytes: new Uint8Array(0) };

  /** `rules`: which files of a folder count, as far as its place and they decide. */
  constructor(kind: FileTree["kind"], rules: string, cache: StatCache, add: (text: ByteString) => void) {
    this.#kind = kind;
    this.#rules = rules;
    this.#cache = cache;
    this.#add = add;
  }

  source(file: VisitedFile): void {
    if (this.#cache.isForFolders && isRegular(file)) this.#mayRead([file]);
    this.#add(`${file.path}\0${this.#described(file, isRegular(file) ? this.#digest(file) : "")}`);
  }

  known({ place, path }: Paths, list: Uint8Array): readonly ByteString[] | undefined {
    if (this.#kind !== "folder") return undefined;
    this.#stamp = createHash("sha256").update(`${this.#rules}\0`).update(list).digest("base64");
    const known = this.#cache.folder(place, this.#stamp);
    if (known === undefined) {
      if (this.#cache.isForFolders && list.length > MAX_LIST_BYTES) throw new Unknown();
      return undefined;
    }
    this.#add(`${path}\0${known.digest}`);
    return known.folders;
  }

  folder({ directoryFd, paths, files, folders }: FolderContent): void {
    const regular = files.filter(isRegular);
    if (this.#cache.isForFolders) this.#mayRead(regular);
    const digests = this.#digests(directoryFd, regular);
    const all = [...files, ...folders];
    const lines = all.map((file) => `${file.listed.name}\0${this.#described(file, digests.get(file) ?? "")}`);
    const digest = hash("sha256", Buffer.from(lines.join(""), "latin1"), "hex");
    this.#add(`${paths.path}\0${digest}`);
    const names = folders.map(({ listed }) => listed.name);
    if (all.every(({ stat }) => this.#cache.isSettled(stat)))
      this.#cache.keepFolder(paths.place, this.#stamp, digest, names);
  }

  #described(file: VisitedFile, digest: string): ByteString {
    const { at, stat } = file;
    const type = stat.mode & S_IFMT;
    const owner = this.#kind === "layers" ? `${stat.uid}:${stat.gid}${withAttributesPath(at, attributes)}` : "";
    let content = digest;
    if (type === S_IFLNK) content = byteString(linkOf(at));
    else if (type === S_IFCHR || type === S_IFBLK) content = `${stat.rdevMajor}:${stat.rdevMinor}`;
    return `${stat.mode.toString(8)}\0${owner}\0${content}\0`;
  }

  #mayRead(files: readonly VisitedFile[]): void {
    this.#readFiles += files.length;
    this.#readBytes += files.reduce((sum, { stat }) => sum + stat.size, 0);
    if (this.#readFiles > MAX_READ_FILES || this.#readBytes > MAX_READ_BYTES) throw new Unknown();
  }

  #digest(file: VisitedFile): string {
    const known = this.#cache.file(file.place, file.stat);
    if (known !== undefined) return known;
    const digest = contentDigest(file.at);
    this.#cache.keepFile(file.place, file.stat, digest);
    return digest;
  }

  /** Of regular files of one folder; small ones that have to be read are read together. */
  #digests(directoryFd: number, files: readonly FolderFile[]): ReadonlyMap<FolderFile, string> {
    const digests = new Map<FolderFile, string>();
    const small: FolderFile[] = [];
    for (const file of files) {
      const known = this.#cache.file(file.place, file.stat);
      if (known !== undefined) digests.set(file, known);
      else if (file.stat.size > SMALL_FILE_BYTES) digests.set(file, this.#digest(file));
      else small.push(file);
    }
    for (let at = 0; at < small.length; at += MAX_BATCH) {
      const batch = small.slice(at, at + MAX_BATCH);
      const contents = readFiles(
        directoryFd,
        batch.map(({ listed }) => listed),
        this.#room,
      );
      for (const [index, file] of batch.entries()) {
        const content = contents[index]?.content;
        const digest = content === undefined ? contentDigest(file.at) : hash("sha256", content, "hex");
        this.#cache.keepFile(file.place, file.stat, digest);
        digests.set(file, digest);
      }
    }
    return digests;
  }
}

function isRegular({ stat }: VisitedFile): boolean {
  return (stat.mode & S_IFMT) === S_IFREG;
}

function attributes(path: string): string {
  return listxattr(path)
    .map((name) => byteString(name))
    .filter((name) => !/^(trusted|user)\.overlay\./.test(name))
    .toSorted()
    .map((name) => `\0${name}=${byteString(getxattr(path, name) ?? new Uint8Array())}`)
    .join("");
}

const buffer = new Uint8Array(256 << 10);

function contentDigest(at: FileAt): string {
  const content = createHash("sha256");
  withFd(openVisited(at), (file) => {
    for (let count = read(file, buffer); count > 0; count = read(file, buffer))
      content.update(buffer.subarray(0, count));
  });
  return content.digest("hex");
}
