import { mkdirSync } from "node:fs";
import { TarReader } from "#spec/tar/tar-reader.ts";
import { RenamingSink, type Rename } from "#spec/tar/renaming-sink.ts";
import { printable, type ByteString } from "#spec/tar/byte-string.ts";
import { errnoText } from "../kernel/errno.ts";
import { withFd } from "../files/files.ts";
import { O_DIRECTORY, O_NOFOLLOW, O_PATH } from "../kernel/linux.ts";
import { LocalPaths } from "../files/local-paths.ts";
import { close, open } from "../kernel/syscalls.ts";
import { archive } from "./tree-archiver.ts";
import { TreeWriter, type TreeWriterOptions } from "./tree-writer.ts";

/** An archive being extracted. */
export interface LocalExtraction {
  push(chunk: Uint8Array): void;
  /** The archive has no more bytes: `invalid-parameter` when it is cut off. */
  end(): void;
  /** Call in every case. */
  close(): void;
}

/** This machine's files as a copying command sees them. */
export class LocalTrees extends LocalPaths {
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
