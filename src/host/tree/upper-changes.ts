import { hasCode } from "../kernel/errno.ts";
import { withFd } from "../files/files.ts";
import { O_DIRECTORY, O_NOFOLLOW, O_RDONLY, S_IFCHR, S_IFDIR, S_IFMT } from "../kernel/linux.ts";
import type { FileStat } from "../kernel/stat.ts";
import { close, fdPath, getxattr, lgetxattr, lstatMaybe, openat, readDirectory } from "../kernel/syscalls.ts";

const OPAQUE = "trusted.overlay.opaque";
const CAPABILITY = "security.capability";
const YES = 0x79;

export interface UpperChange {
  readonly path: Uint8Array;
  readonly kind: "changed" | "added" | "deleted";
}

/**
 * What an overlay's upper directory changes in what lies below it: parents before their children, names in the order of
 * their bytes. docker-compat: a file that came up and is as it was is no change; a directory is changed when something in
 * it is, or its owner or mode; times count for files only.
 *
 * `upperFd` and `lowerFd` are directories; `lowerFd` shows the merged lower layers. The upper may be at work: what vanishes
 * is left out.
 */
export function* upperChanges(upperFd: number, lowerFd: number): Generator<UpperChange> {
  yield* within(upperFd, lowerFd, false, new Uint8Array());
}

/** `alone`: the lower directory of the same name does not show through. */
function* within(
  upperFd: number,
  lowerFd: number | undefined,
  alone: boolean,
  prefix: Uint8Array,
): Generator<UpperChange> {
  const upper = list(upperFd);
  const names = new Map(upper.map((name) => [key(name), name]));
  const hidden = alone && lowerFd !== undefined ? list(lowerFd).filter((name) => !names.has(key(name))) : [];
  const all = [...upper, ...hidden].toSorted((a, b) => Buffer.compare(a, b));
  for (const name of all) {
    const path = Buffer.concat([prefix, Buffer.from("/"), name]);
    const now = lstatMaybe(upperFd, name);
    const before = lowerFd === undefined ? undefined : lstatMaybe(lowerFd, name);
    if (now === undefined || isWhiteout(now)) {
      if (before !== undefined) yield { path, kind: "deleted" };
    } else yield* compare({ upperFd, lowerFd, name, path, now, before, alone });
  }
}

interface Pair {
  readonly upperFd: number;
  readonly lowerFd: number | undefined;
  readonly name: Uint8Array;
  readonly path: Uint8Array;
  readonly now: FileStat;
  readonly before: FileStat | undefined;
  readonly alone: boolean;
}

function* compare(pair: Pair): Generator<UpperChange> {
  const { path, now, before } = pair;
  const kind = before === undefined ? "added" : differs(pair, before) ? "changed" : undefined;
  if (kind !== undefined) yield { path, kind };
  if (!isDirectory(now)) return;
  let told = kind !== undefined;
  for (const change of below(pair)) {
    if (!told) yield { path, kind: "changed" };
    told = true;
    yield change;
  }
}

function* below({ upperFd, lowerFd, name, path, before, alone }: Pair): Generator<UpperChange> {
  const upper = openDirectory(upperFd, name);
  if (upper === undefined) return;
  const lower =
    lowerFd === undefined || before === undefined || !isDirectory(before) ? undefined : openDirectory(lowerFd, name);
  try {
    yield* within(upper, lower, alone || getxattr(fdPath(upper), OPAQUE)?.[0] === YES, path);
  } finally {
    close(upper);
    if (lower !== undefined) close(lower);
  }
}

function differs({ upperFd, lowerFd = -1, name, now }: Pair, before: FileStat): boolean {
  if (now.mode !== before.mode || now.uid !== before.uid || now.gid !== before.gid) return true;
  if (now.rdevMajor !== before.rdevMajor || now.rdevMinor !== before.rdevMinor) return true;
  if (isDirectory(now)) return false;
  const sameTime = now.mtimeSeconds === before.mtimeSeconds && now.mtimeNanoseconds === before.mtimeNanoseconds;
  if (!sameTime || now.size !== before.size) return true;
  return Buffer.compare(capability(upperFd, name), capability(lowerFd, name)) !== 0;
}

function capability(directoryFd: number, name: Uint8Array): Uint8Array {
  return lgetxattr(Buffer.concat([Buffer.from(`${fdPath(directoryFd)}/`), name]), CAPABILITY) ?? new Uint8Array();
}

function list(fd: number): Uint8Array[] {
  return withFd(openat(fd, ".", O_RDONLY | O_DIRECTORY), readDirectory).map(({ name }) => name);
}

function openDirectory(at: number, name: Uint8Array): number | undefined {
  try {
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  }
}

const isDirectory = ({ mode }: FileStat): boolean => (mode & S_IFMT) === S_IFDIR;
const isWhiteout = ({ mode, rdevMajor, rdevMinor }: FileStat): boolean =>
  (mode & S_IFMT) === S_IFCHR && rdevMajor === 0 && rdevMinor === 0;
const key = (name: Uint8Array): string => Buffer.from(name).toString("latin1");
