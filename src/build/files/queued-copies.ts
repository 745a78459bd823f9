import { copyFiles, MAX_FOLDER_COPIES, SMALL_FILE_BYTES, type FolderCopy } from "#host/files/file-list.ts";
import { S_IFMT, S_IFREG } from "#host/kernel/linux.ts";
import { close, duplicate } from "#host/kernel/syscalls.ts";
import type { FolderFile } from "./visit-selection.ts";

/** Files of one folder that wait to be copied into another. */
export interface WaitingFiles {
  readonly fromFd: number;
  readonly toFd: number;
  readonly files: readonly FolderFile[];
  readonly change: FolderCopy["change"];
}

/**
 * Small files that are copied many folders at a time. `onRefused` gets each that could not be copied that way, its folder
 * open, and copies it by itself. {@link settle} before anything else of the same names is written, {@link close} in every case.
 */
export class QueuedCopies {
  readonly #waiting: { readonly files: readonly FolderFile[]; readonly copy: FolderCopy; readonly refused: Refused }[] =
    [];
  #copiedBytes = 0;

  /** Of regular files. */
  get copiedBytes(): number {
    return this.#copiedBytes;
  }

  /** Can it wait? */
  takes({ stat }: FolderFile): boolean {
    return (stat.mode & S_IFMT) === S_IFREG && stat.nlink === 1 && stat.size <= SMALL_FILE_BYTES;
  }

  /** The descriptors stay the caller's. */
  add({ fromFd, toFd, files, change }: WaitingFiles, onRefused: Refused): void {
    const from = duplicate(fromFd);
    let to: number;
    try {
      to = duplicate(toFd);
    } catch (error) {
      close(from);
      throw error;
    }
    const copy = { fromFd: from, toFd: to, files: files.map(({ listed }) => listed), change };
    this.#waiting.push({ files, copy, refused: onRefused });
    if (this.#waiting.length === MAX_FOLDER_COPIES) this.settle();
  }

  /** Copy what waits. */
  settle(): void {
    if (this.#waiting.length === 0) return;
    const copied = copyFiles(this.#waiting.map(({ copy }) => copy));
    try {
      for (const [index, { files, copy, refused }] of this.#waiting.entries()) {
        for (const [place, file] of files.entries()) {
          if (copied[index]?.[place] === true) this.#copiedBytes += file.stat.size;
          else refused({ ...file, at: { ...file.at, directoryFd: copy.fromFd } });
        }
      }
    } finally {
      this.close();
    }
  }

  /** Forget what waits. */
  close(): void {
    for (const { copy } of this.#waiting.splice(0)) {
      close(copy.fromFd);
      close(copy.toFd);
    }
  }
}

type Refused = (file: FolderFile) => void;
