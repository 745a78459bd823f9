import { createHash, type Hash } from "node:crypto";
import type { Json } from "#host/helper-protocol.ts";
import { withFd } from "#host/files.ts";
import { S_IFBLK, S_IFCHR, S_IFLNK, S_IFMT, S_IFREG } from "#host/linux.ts";
import { getxattr, listxattr, read } from "#host/syscalls.ts";
import { byteString } from "#spec/tar/byte-string.ts";
import type { FileTree, Selection } from "../solver/types.ts";
import { openSelection, withTree } from "./open-tree.ts";
import { StatCache } from "./stat-cache.ts";
import {
  linkOf,
  openVisited,
  visitSelection,
  withAttributesPath,
  type FileAt,
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

export async function digestSelections({ tree, selections, cachePath, nowMs }: DigestInput): Promise<string> {
  const cache = new StatCache(cachePath);
  const hash = createHash("sha256");
  await withTree(tree, (opened) => {
    for (const selection of selections) {
      hash.update(`${selection.path}\0`);
      if (opened === undefined) continue;
      visitSelection(opened, openSelection(selection), (file) => addFile(hash, file, tree.kind, cache, nowMs));
    }
  });
  cache.save();
  return hash.digest("hex");
}

function addFile(hash: Hash, file: VisitedFile, kind: FileTree["kind"], cache: StatCache, nowMs: number): void {
  const { at, stat, path, place } = file;
  const type = stat.mode & S_IFMT;
  const owner = kind === "layers" ? `${stat.uid}:${stat.gid}${withAttributesPath(at, attributes)}` : "";
  let content = "";
  if (type === S_IFREG) content = cache.digest(place, stat, nowMs, () => contentDigest(at));
  else if (type === S_IFLNK) content = byteString(linkOf(at));
  else if (type === S_IFCHR || type === S_IFBLK) content = `${stat.rdevMajor}:${stat.rdevMinor}`;
  hash.update(`${path}\0${stat.mode.toString(8)}\0${owner}\0${content}\0`, "latin1");
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
  const hash = createHash("sha256");
  withFd(openVisited(at), (file) => {
    for (let count = read(file, buffer); count > 0; count = read(file, buffer)) hash.update(buffer.subarray(0, count));
  });
  return hash.digest("hex");
}
