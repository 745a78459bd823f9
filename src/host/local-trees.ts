import { lstatSync, mkdirSync, readdirSync, readlinkSync, realpathSync, statSync, type Stats } from "node:fs";
import { BerthError } from "#base/errors.ts";
import { TarReader } from "#spec/tar/tar-reader.ts";
import { RenamingSink, type Rename } from "#spec/tar/renaming-sink.ts";
import { printable, type ByteString } from "#spec/tar/byte-string.ts";
import { errnoText } from "./errno.ts";
import { withFd } from "./files.ts";
import { folderIdentity } from "./folder-identity.ts";
import { O_DIRECTORY, O_NOFOLLOW, O_PATH } from "./linux.ts";
import { close, open } from "./syscalls.ts";
import { archive } from "./tree/tree-archiver.ts";
import { TreeWriter, type TreeWriterOptions } from "./tree/tree-writer.ts";

export type LocalKind = "directory" | "file" | "symlink" | "device" | "other";

/** An archive being extracted. */
export interface LocalExtraction {
  push(chunk: Uint8Array): void;
  /** The archive has no more bytes: `invalid-parameter` when it is cut off. */
  end(): void;
  /** Call in every case. */
  close(): void;
}

/** This machine's files as a copying command sees them; refusals are in Go's words, as docker prints them. */
export class LocalTrees {
  /** What a path is; undefined when there is nothing. With `follow` what a symlink leads to. */
  kind(path: string, follow: boolean): LocalKind | undefined {
    try {
      return kindOf(follow ? statSync(path) : lstatSync(path));
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw refused(follow ? "stat" : "lstat", path, error);
    }
  }

  readLink(path: string): string {
    try {
      return readlinkSync(path);
    } catch (error) {
      throw refused("readlink", path, error);
    }
  }

  /** The path with every symlink followed. */
  realPath(path: string): string {
    try {
      return realpathSync(path);
    } catch (error) {
      // docker-compat: evaluating a path that goes through a file names nothing.
      if (codeOf(error) === "ENOTDIR") throw new BerthError("invalid-parameter", "not a directory", { cause: error });
      throw refused("lstat", path.length > 1 ? path.replace(/\/$/, "") : path, error);
    }
  }

  /** See {@link folderIdentity}. */
  identity(path: string): string | undefined {
    return folderIdentity(path);
  }

  /**
   * What `path` is (a symlink itself, unless the path ends in `/` or `/.`) with all below it as an archive, under the name
   * `as`. Each piece is valid until the next is asked for. `onSkipped` hears of what could not be read; what `skips` says is
   * left out.
   */
  *archive(
    path: string,
    as: ByteString,
    onSkipped: (path: string, why: string) => void,
    skips?: (name: ByteString, isFolder: boolean) => boolean,
  ): Generator<Uint8Array> {
    const fd = open(path, O_PATH | O_NOFOLLOW);
    try {
      yield* archive([{ kind: "descriptor", fd, as }], {
        skips,
        onSkipped: (name, error) => onSkipped(printable(name), errnoText(error.errno)),
      });
    } finally {
      close(fd);
    }
  }

  /** Several files, each with its name in one archive; what went meanwhile is left out. Each of them is open until the end. */
  *archiveAll(items: readonly { readonly path: string; readonly as: ByteString }[]): Generator<Uint8Array> {
    const opened: { readonly kind: "descriptor"; readonly fd: number; readonly as: ByteString }[] = [];
    try {
      for (const { path, as } of items) {
        try {
          opened.push({ kind: "descriptor", fd: open(path, O_PATH | O_NOFOLLOW), as });
        } catch (error) {
          if (this.kind(path, false) !== undefined) throw error;
        }
      }
      yield* archive(opened, { onSkipped: () => undefined });
    } finally {
      for (const { fd } of opened) close(fd);
    }
  }

  /** Names in a folder. */
  names(path: string): readonly string[] {
    return readdirSync(path);
  }

  /** Extract into an existing directory; what is made belongs to the person. */
  extract(directory: string, rename: Rename | undefined): LocalExtraction {
    const rootFd = open("/", O_PATH | O_DIRECTORY);
    const base = Buffer.from(this.realPath(directory).slice(1)).toString("latin1");
    return this.#extraction(rootFd, { base, keepTypes: true, owner: "caller", refuseLinksOutward: true }, rename);
  }

  /**
   * Extract into a directory, which is made with those above it: what is made belongs to the person. The directory is the
   * root of all names and links, so nothing is written outside of it.
   */
  layOut(directory: string): LocalExtraction {
    mkdirSync(directory, { recursive: true });
    const rootFd = open(this.realPath(directory), O_PATH | O_DIRECTORY);
    return this.#extraction(rootFd, { keepTypes: false, owner: "caller" }, undefined);
  }

  /** Takes `rootFd`. */
  #extraction(rootFd: number, options: TreeWriterOptions, rename: Rename | undefined): LocalExtraction {
    const writer = new TreeWriter(rootFd, options);
    const reader = new TarReader(rename === undefined ? writer : new RenamingSink(writer, rename));
    return {
      push: (chunk) => reader.push(chunk),
      end() {
        reader.end();
        writer.finish();
      },
      close() {
        writer.close();
        withFd(rootFd, () => {});
      },
    };
  }
}

function kindOf(stats: Stats): LocalKind {
  if (stats.isDirectory()) return "directory";
  if (stats.isFile()) return "file";
  if (stats.isSymbolicLink()) return "symlink";
  return stats.isCharacterDevice() || stats.isBlockDevice() ? "device" : "other";
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function refused(verb: string, path: string, cause: unknown): BerthError {
  const errno = cause instanceof Error && "errno" in cause ? Math.abs(Number(cause.errno)) : 5;
  return new BerthError("invalid-parameter", `${verb} ${path}: ${errnoText(errno)}`, { cause });
}
