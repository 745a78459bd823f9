import type { Json } from "#host/helpers/helper-protocol.ts";
import { hasCode } from "#host/kernel/errno.ts";
import { readAll, withFd } from "#host/files/files.ts";
import { DT_DIR, DT_REG, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from "#host/kernel/linux.ts";
import { openInRoot } from "#host/files/rooted-path.ts";
import { openat, readDirectory } from "#host/kernel/syscalls.ts";
import { withTree } from "../../files/open-tree.ts";
import type { FileTree } from "../../solver/types.ts";
import type { FoundPackage } from "../spdx.ts";
import { distributionOf, readerFor } from "./read-packages.ts";

export const SCAN_TASK = "build-scan-packages";

/** A database of packages is not larger; what is, is none. */
const MAX_FILE_BYTES = 64 << 20;
const MAX_DEPTH = 64;

export interface ScannedTree {
  /** See `SpdxFacts`. */
  readonly distribution: string;
  readonly packages: readonly FoundPackage[];
}

/** What package databases of a tree say; nothing of the tree is followed or run. */
export async function scanTask(input: Json): Promise<Json> {
  const { tree } = input as unknown as { readonly tree: FileTree };
  const scanned = await withTree(tree, (opened): ScannedTree => {
    if (opened === undefined) return { distribution: "", packages: [] };
    const packages: FoundPackage[] = [];
    withFd(openat(opened.rootFd, ".", O_RDONLY | O_DIRECTORY), (fd) => visit(fd, "", 0, packages));
    return { distribution: distributionOf(osRelease(opened.rootFd)), packages };
  });
  return scanned as unknown as Json;
}

function visit(directory: number, path: string, depth: number, packages: FoundPackage[]): void {
  if (depth > MAX_DEPTH) return;
  for (const entry of readDirectory(directory)) {
    const name = new TextDecoder().decode(entry.name);
    const at = `${path}/${name}`;
    if (entry.type === DT_DIR)
      withFd(openat(directory, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), (fd) =>
        visit(fd, at, depth + 1, packages),
      );
    const reader = entry.type === DT_REG ? readerFor(at) : undefined;
    if (reader === undefined) continue;
    const text = withFd(openat(directory, entry.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK), (fd) =>
      new TextDecoder().decode(readAll(fd, MAX_FILE_BYTES, at)),
    );
    packages.push(...reader(text));
  }
}

function osRelease(rootFd: number): string {
  for (const path of ["etc/os-release", "usr/lib/os-release"]) {
    try {
      return withFd(openInRoot(rootFd, path, O_RDONLY | O_NONBLOCK), (fd) =>
        new TextDecoder().decode(readAll(fd, 1 << 20, path)),
      );
    } catch (error) {
      if (!hasCode(error, "ENOENT", "ENOTDIR", "ELOOP")) throw error;
    }
  }
  return "";
}
