import { viewOf } from "#base/data-view.ts";
import type { ByteString } from "#spec/tar/byte-string.ts";
import { addon } from "../kernel/addon.ts";
import { SyscallError } from "../kernel/errno.ts";
import type { FileStat } from "../kernel/stat.ts";

/** What a list tells of a file: {@link FileStat} but what few ask for. */
export type FileFacts = Omit<FileStat, "blocks" | "atimeSeconds" | "atimeNanoseconds" | "mountId" | "isMountRoot">;

export interface ListedFile {
  readonly name: ByteString;
  readonly stat: FileFacts;
  /** The file's own record, for {@link readFiles} and {@link copyFiles}. */
  readonly record: Uint8Array;
}

/** At least what native/addon/files.c asks for. */
const LIST_BYTES = 256 << 10;
/** Of about ten thousand files; what is left of it less than {@link LIST_BYTES} is for nobody. */
const FOLDERS_BYTES = 1 << 20;
/** Files above this are no matter for {@link copyFiles}. */
export const SMALL_FILE_BYTES = 64 << 10;

/** `struct record` of native/addon/files.c. */
const LENGTH = 0;
const STATUS = 4;
const MODE = 8;
const UID = 16;
const GID = 20;
const MTIME_NANOSECONDS = 40;
const SIZE = 56;
const NAME = 80;

let room: Uint8Array | undefined;
let roomForFolders: Uint8Array | undefined;

/**
 * Names and statx(2) of everything in a folder but `.` and `..`, as records one behind the other, in the kernel's order.
 * Two lists of a folder that have the same bytes tell of the same names, types, modes, owners, sizes, inodes and times.
 * `fd` is a directory opened for reading; its position moves to the end.
 */
export function listFiles(fd: number): Uint8Array {
  room ??= new Uint8Array(LIST_BYTES);
  const parts: Uint8Array[] = [];
  for (;;) {
    const filled = addon().listFiles(fd, room);
    if (filled < 0) throw new SyscallError("getdents64", -filled, `fd ${fd}`);
    if (filled === 0) return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    parts.push(room.slice(0, filled));
  }
}

/** {@link listFiles} of each: the kernel is asked by several threads at once, where there is enough to ask. */
export function listFolders(fds: readonly number[]): readonly Uint8Array[] {
  roomForFolders ??= new Uint8Array(FOLDERS_BYTES);
  const lists: Uint8Array[] = [];
  while (lists.length < fds.length) {
    const left = Int32Array.from(fds.slice(lists.length));
    const ends = new Int32Array(left.length);
    const count = addon().listFolders(bytesOf(left), roomForFolders, bytesOf(ends));
    if (count === -ENOBUFS) lists.push(listFiles(left[0] ?? -1));
    else if (count < 0) throw new SyscallError("getdents64", -count, `fd ${left[0]}`);
    else {
      const all = roomForFolders.slice(0, ends[count - 1]);
      for (let index = 0; index < count; index++) lists.push(all.subarray(ends[index - 1] ?? 0, ends[index]));
    }
  }
  return lists;
}

const bytesOf = ({ buffer }: Int32Array): Uint8Array => new Uint8Array(buffer);

/** The files of a list. What has vanished since its name was read is left out. */
export function listedFiles(list: Uint8Array): ListedFile[] {
  const view = viewOf(list);
  const files: ListedFile[] = [];
  for (let at = 0, next = 0; at < list.length; at = next) {
    next = at + view.getUint32(at + LENGTH, true);
    const status = view.getInt32(at + STATUS, true);
    const record = list.subarray(at, next);
    if (status === 0) files.push({ name: nameOf(record), stat: factsOf(view, at), record });
    else if (status !== -ENOENT) throw new SyscallError("statx", -status, nameOf(record));
  }
  return files;
}

const ENOENT = 2;
const ENOBUFS = 105;

function nameOf(record: Uint8Array): ByteString {
  return Buffer.from(record.buffer, record.byteOffset, record.indexOf(0, NAME)).toString("latin1", NAME);
}

function factsOf(view: DataView, at: number): FileFacts {
  return {
    mode: view.getUint32(at + MODE, true),
    nlink: view.getUint32(at + 12, true),
    uid: view.getUint32(at + UID, true),
    gid: view.getUint32(at + GID, true),
    devMajor: view.getUint32(at + 24, true),
    devMinor: view.getUint32(at + 28, true),
    rdevMajor: view.getUint32(at + 32, true),
    rdevMinor: view.getUint32(at + 36, true),
    mtimeNanoseconds: view.getUint32(at + MTIME_NANOSECONDS, true),
    ctimeNanoseconds: view.getUint32(at + 44, true),
    ino: view.getBigUint64(at + 48, true),
    size: view.getUint32(at + SIZE, true) + view.getUint32(at + SIZE + 4, true) * 2 ** 32,
    mtimeSeconds: view.getUint32(at + 64, true) + view.getInt32(at + 68, true) * 2 ** 32,
    ctimeSeconds: view.getUint32(at + 72, true) + view.getInt32(at + 76, true) * 2 ** 32,
  };
}

export interface SmallFile {
  readonly content: Uint8Array;
  readonly hasAttributes: boolean;
}

/** Memory for contents, which grows as it must and is used again and again: each call ends what the one before gave. */
export interface ContentRoom {
  bytes: Uint8Array;
}

/**
 * Contents of regular files of one folder that are as long as their records say. Undefined for a file that is not any
 * more, or cannot be read: whoever opens it by itself is told why. All are in memory at once.
 */
export function readFiles(
  folderFd: number,
  files: readonly ListedFile[],
  into: ContentRoom = { bytes: new Uint8Array(0) },
): (SmallFile | undefined)[] {
  const { bytes, statuses: read } = readInto(folderFd, files, into, { head: 0, block: 1 });
  let end = 0;
  return read.map((status, index) => {
    const start = end;
    end += files[index]?.stat.size ?? 0;
    return status < 0 ? undefined : { content: bytes.subarray(start, end), hasAttributes: status > 0 };
  });
}

/** Where each content is: behind `head` bytes that are zero, with as many behind it as make its length a multiple of `block`. */
export interface ContentLayout {
  readonly head: number;
  readonly block: number;
}

/** {@link readFiles}, all contents one behind the other. A status: 0, 1 for a file with attributes, less where there is no content. */
export function readInto(
  folderFd: number,
  files: readonly ListedFile[],
  into: ContentRoom,
  { head, block }: ContentLayout,
): { readonly bytes: Uint8Array; readonly statuses: readonly number[] } {
  const records = Buffer.concat(files.map(({ record }) => record));
  const roomOf = ({ stat }: ListedFile): number => head + Math.ceil(stat.size / block) * block;
  const sizeBytes = files.reduce((sum, file) => sum + roomOf(file), 0);
  if (into.bytes.length < sizeBytes) into.bytes = new Uint8Array(sizeBytes);
  const bytes = into.bytes.subarray(0, sizeBytes);
  addon().readFiles(folderFd, records, bytes, head, block);
  return { bytes, statuses: statuses(records, files) };
}

/** How a copy differs from its file. */
export interface CopyChange {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Files of a folder to be copied into another one. */
export interface FolderCopy {
  readonly fromFd: number;
  readonly toFd: number;
  readonly files: readonly ListedFile[];
  readonly change: (file: ListedFile) => CopyChange;
}

/** As many folders as {@link copyFiles} takes at a time. */
export const MAX_FOLDER_COPIES = 128;

/**
 * Copy regular files of at most {@link SMALL_FILE_BYTES} from folder to folder, with their times of modification; several
 * folders at once where there are processors for it. What became of each folder's files: false for a file that was not copied,
 * because something has its name, it is not as long as its record says, or the kernel refused. Then nothing of the copy is left,
 * and whoever copies it by itself is told why. The umask has to be 0.
 */
export function copyFiles(folders: readonly FolderCopy[]): readonly (readonly boolean[])[] {
  const records = folders.map(changedRecords);
  const rows = folders.flatMap(({ fromFd, toFd }, index) => [fromFd, toFd, records[index]?.length ?? 0]);
  const all = Buffer.concat(records);
  addon().copyFiles(bytesOf(Int32Array.from(rows)), all);
  let end = 0;
  return folders.map(({ files }, index) => {
    const start = end;
    end += records[index]?.length ?? 0;
    return statuses(all.subarray(start, end), files).map((status) => status === 0);
  });
}

function changedRecords({ files, change }: FolderCopy): Uint8Array {
  const records = Buffer.concat(files.map(({ record }) => record));
  const view = viewOf(records);
  let at = 0;
  for (const file of files) {
    const { mode, uid, gid } = change(file);
    view.setUint32(at + MODE, mode, true);
    view.setUint32(at + UID, uid, true);
    view.setUint32(at + GID, gid, true);
    at += file.record.length;
  }
  return records;
}

function statuses(records: Uint8Array, files: readonly ListedFile[]): number[] {
  const view = viewOf(records);
  let at = 0;
  return files.map(({ record }) => {
    const status = view.getInt32(at + STATUS, true);
    at += record.length;
    return status;
  });
}
