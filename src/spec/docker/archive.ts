import { BerthError } from "#base/errors.ts";

/** What `X-Docker-Container-Path-Stat` says about a path in a container: base64 of this as JSON. */
export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** Go's os.FileMode, see {@link goFileMode}. */
  readonly mode: number;
  /** RFC 3339. */
  readonly mtime: string;
  /** Where a symlink leads in the end, inside the container; "" for everything else. */
  readonly linkTarget: string;
}

export const pathStatHeader = "X-Docker-Container-Path-Stat";

export function encodePathStat({ name, size, mode, mtime, linkTarget }: PathStat): string {
  return Buffer.from(JSON.stringify({ name, size, mode, mtime, linkTarget })).toString("base64");
}

/** `data-loss` when it is none. */
export function decodePathStat(header: string | undefined): PathStat {
  try {
    const value = JSON.parse(Buffer.from(header ?? "", "base64").toString()) as Partial<PathStat>;
    const { name, size, mode, mtime, linkTarget } = value;
    if (typeof name === "string" && typeof mode === "number")
      return { name, size: size ?? 0, mode, mtime: mtime ?? "", linkTarget: linkTarget ?? "" };
  } catch {
    // falls through to the one answer for all that is not right
  }
  throw new BerthError("data-loss", "unable to decode container path stat header");
}

const GO_DIRECTORY = 2 ** 31;
const GO_SYMLINK = 2 ** 27;
const GO_DEVICE = 2 ** 26;
const GO_PIPE = 2 ** 25;
const GO_SOCKET = 2 ** 24;
const GO_SETUID = 2 ** 23;
const GO_SETGID = 2 ** 22;
const GO_CHARACTER = 2 ** 21;
const GO_STICKY = 2 ** 20;

/** Bits that Go has for the kernel's file types (inode(7)). */
const types: Readonly<Record<number, number>> = {
  0o040000: GO_DIRECTORY,
  0o120000: GO_SYMLINK,
  0o060000: GO_DEVICE,
  0o020000: GO_DEVICE + GO_CHARACTER,
  0o010000: GO_PIPE,
  0o140000: GO_SOCKET,
};

/** Go's os.FileMode for the kernel's `st_mode`. */
export function goFileMode(mode: number): number {
  const special =
    ((mode & 0o4000) === 0 ? 0 : GO_SETUID) +
    ((mode & 0o2000) === 0 ? 0 : GO_SETGID) +
    ((mode & 0o1000) === 0 ? 0 : GO_STICKY);
  return (mode & 0o777) + special + (types[mode & 0o170000] ?? 0);
}

export const isDirectoryMode = (mode: number): boolean => mode >= GO_DIRECTORY;
export const isDeviceMode = (mode: number): boolean => Math.trunc(mode / GO_DEVICE) % 2 === 1;
export const isSymlinkMode = (mode: number): boolean => Math.trunc(mode / GO_SYMLINK) % 2 === 1;

/** `GET /containers/{id}/changes`: 0 changed, 1 added, 2 deleted. */
export interface FilesystemChange {
  readonly Path: string;
  readonly Kind: 0 | 1 | 2;
}
