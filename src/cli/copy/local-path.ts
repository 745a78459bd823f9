import { dirname, normalize } from "node:path/posix";
import type { LocalFiles } from "../cli-io.ts";
import { followedPath, lastPart, splitEntry, type CopyInfo } from "./copy-path.ts";

const MAX_LINKS = 10;

/** Refuses a destination that cannot be written, in docker's words, before anything is asked of the engine. */
export function validateOutput(files: LocalFiles, path: string): void {
  const folder = dirname(normalize(path).replace(/(.)\/$/, "$1"));
  if (folder !== "." && files.kind(folder, true) === undefined) {
    throw new Error(`invalid output path: directory ${JSON.stringify(folder)} does not exist`);
  }
  if (files.kind(path, true) === "device") {
    throw new Error(`invalid output path: ${JSON.stringify(path)} must be a directory or a regular file: got a device`);
  }
}

/** What is copied from here: without `followLink` only the folders on the way are followed. */
export function localSource(files: LocalFiles, path: string, followLink: boolean): CopyInfo {
  const { path: resolved, rebaseName } = followLink
    ? followedPath(path, files.realPath(path))
    : resolvedParent(files, path);
  const kind = files.kind(resolved, false);
  if (kind === undefined) throw new Error(`lstat ${resolved}: no such file or directory`);
  return { path: resolved, exists: true, isDirectory: kind === "directory", rebaseName };
}

function resolvedParent(files: LocalFiles, path: string): { readonly path: string; readonly rebaseName: string } {
  const slash = path.lastIndexOf("/") + 1;
  const folder = files.realPath(path.slice(0, slash));
  const resolved = `${folder === "/" ? "" : folder}/${path.slice(slash)}`;
  const changed = path.endsWith("/") && lastPart(path) !== lastPart(resolved);
  return { path: resolved, rebaseName: changed ? lastPart(path) : "" };
}

/** Where it goes here: the end of a symlink's chain, be it there or not. */
export function destinationInfo(files: LocalFiles, path: string): CopyInfo {
  let place = path;
  let kind = files.kind(place, false);
  for (let links = 0; kind === "symlink"; links++) {
    if (links > MAX_LINKS) throw new Error(`too many symlinks in ${path}`);
    const target = files.readLink(place);
    place = target.startsWith("/") ? target : normalize(`${splitEntry(place).directory}/${target}`);
    kind = files.kind(place, false);
  }
  if (kind === undefined) {
    const { directory } = splitEntry(place);
    const parent = files.kind(directory, true);
    if (parent === undefined) throw new Error(`stat ${directory}: no such file or directory`);
    if (parent !== "directory") throw new Error("not a directory");
  }
  return { path: place, exists: kind !== undefined, isDirectory: kind === "directory", rebaseName: "" };
}
