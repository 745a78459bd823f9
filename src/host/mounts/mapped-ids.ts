import { BerthError } from "#base/errors.ts";
import { hasCode } from "../kernel/errno.ts";
import { readLink, readTextFile } from "../files/files.ts";
import { PR_SET_PDEATHSIG, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP } from "../kernel/linux.ts";
import { prctl, setFileSystemIds } from "../kernel/syscalls.ts";

const SIGKILL = 9;

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** How owners inside a process's user namespace are seen from here (user_namespaces(7)). */
export interface MappedIds {
  /** `invalid-parameter` in Docker's words for an id that is not there. */
  outward(inside: Owner): Owner;
  /** Who has no id inside is nobody there. */
  inward(outside: Owner): Owner;
}

interface Range {
  readonly inside: number;
  readonly outside: number;
  readonly length: number;
}

/** /proc/sys/kernel/overflowuid: what the kernel shows for ids without a mapping. */
const nobody = 65534;

/** undefined when the process is in our own user namespace, or gone. */
export function mappedIdsOf(pid: number): MappedIds | undefined {
  try {
    if (readLink(`/proc/${pid}/ns/user`) === readLink("/proc/self/ns/user")) return undefined;
    const ranges = (file: string): readonly Range[] => parseRanges(readTextFile(`/proc/${pid}/${file}`, 1 << 20));
    return mappedIds(ranges("uid_map"), ranges("gid_map"));
  } catch (error) {
    if (hasCode(error, "ENOENT", "ESRCH")) return undefined;
    throw error;
  }
}

export function parseRanges(text: string): readonly Range[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const [inside = 0, outside = 0, length = 0] = line.trim().split(/\s+/u).map(Number);
    return { inside, outside, length };
  });
}

export function mappedIds(uids: readonly Range[], gids: readonly Range[]): MappedIds {
  const outward = (ranges: readonly Range[], id: number): number => {
    const range = ranges.find(({ inside, length }) => id >= inside && id < inside + length);
    if (range === undefined)
      throw new BerthError("invalid-parameter", `Container ID ${id} cannot be mapped to a host ID`);
    return range.outside + id - range.inside;
  };
  const inward = (ranges: readonly Range[], id: number): number => {
    const range = ranges.find(({ outside, length }) => id >= outside && id < outside + length);
    return range === undefined ? nobody : range.inside + id - range.outside;
  };
  return {
    outward: ({ uid, gid }) => ({ uid: outward(uids, uid), gid: outward(gids, gid) }),
    inward: ({ uid, gid }) => ({ uid: inward(uids, uid), gid: inward(gids, gid) }),
  };
}

/**
 * From now on this thread's new files belong to root inside: id-mapped mounts take no others. Its capabilities stay. The
 * result takes it back. setfsuid(2)
 */
export function ownFilesAs(ids: MappedIds): () => void {
  const become = ({ uid, gid }: Owner): void => {
    setFileSystemIds(uid, gid);
    // The kernel forgets this whenever credentials change.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
  };
  prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP);
  become(ids.outward({ uid: 0, gid: 0 }));
  return () => become({ uid: 0, gid: 0 });
}
