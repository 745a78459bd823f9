import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { writeTar, type TarEntry } from "../../tools/lab/tar-writer.ts";

/**
 * Dockerfiles as people write them, each with its context, one file a case in `corpus/`:
 *
 *     what it is about
 *     arg: NAME=value                 options, any number
 *     -- path --                      a file of the context, its content below
 *     -- path (755) --                its mode
 *     -- path -> target --            a symbolic link
 *     -- path (tar of folder) --      an archive of the case's files below that folder; gzip for a name in .gz
 *
 * Options: `arg`, `label`, `secret` (`id=value`), `target`, `file` (the Dockerfile's path). The base images are those of
 * `toolbox.ts`: stand-ins of the tools, so that every case builds in a moment and without a network.
 */
export interface CorpusCase {
  readonly name: string;
  readonly title: string;
  readonly dockerfile: string;
  readonly target: string;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  readonly secrets: ReadonlyMap<string, string>;
  readonly files: readonly CorpusFile[];
}

export interface CorpusFile {
  readonly path: string;
  readonly content: string;
  /** Permission bits. */
  readonly mode: number;
  readonly link: string | undefined;
  /** Folder that the file is an archive of. */
  readonly archiveOf: string | undefined;
}

const folder = join(import.meta.dir, "corpus");

export function readCorpus(): readonly CorpusCase[] {
  const names = readdirSync(folder).sort();
  return names.map((name) => parseCase(name.replace(/\.txt$/, ""), readFileSync(join(folder, name), "utf8")));
}

/** The text of a case's file; empty when it has none of that path. */
export function fileText({ files }: CorpusCase, path: string): string {
  return files.find((file) => file.path === path)?.content ?? "";
}

/** Lay a case's context out in an empty folder. Modes do not depend on the umask. */
export function writeContext({ files }: CorpusCase, directory: string): void {
  for (const { path, content, mode, link, archiveOf } of files) {
    const target = join(directory, path);
    for (const parent of parentsOf(path)) {
      mkdirSync(join(directory, parent), { recursive: true });
      chmodSync(join(directory, parent), 0o755);
    }
    mkdirSync(dirname(target), { recursive: true });
    if (link !== undefined) {
      symlinkSync(link, target);
      continue;
    }
    writeFileSync(target, archiveOf === undefined ? content : archive(files, archiveOf, path.endsWith(".gz")));
    chmodSync(target, mode);
  }
}

function archive(files: readonly CorpusFile[], below: string, packed: boolean): Uint8Array {
  const members = files.filter(({ path }) => path.startsWith(`${below}/`));
  const folders = [...new Set(members.flatMap(({ path }) => parentsOf(path)))];
  const tar = writeTar([
    ...folders.map((path): TarEntry => ({ path: `${path}/`, type: "directory", mode: 0o755 })),
    ...members.map(({ path, content, mode }): TarEntry => ({ path, content, mode, uid: 12, gid: 34 })),
  ]);
  return packed ? gzipSync(tar) : tar;
}

function parentsOf(path: string): readonly string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

function parseCase(name: string, text: string): CorpusCase {
  const [head = "", ...blocks] = text.split(/^-- (?=.+ --$)/m);
  const [title = "", ...lines] = head.trim().split("\n");
  const options = lines.map((line) => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)] as const;
  });
  const one = (key: string): string | undefined => options.findLast(([option]) => option === key)?.[1];
  const pairs = (key: string): ReadonlyMap<string, string> =>
    new Map(
      options
        .filter(([option]) => option === key)
        .map(([, value]) => [value.split("=", 1)[0] ?? "", value.slice(value.indexOf("=") + 1)]),
    );
  return {
    name,
    title,
    dockerfile: one("file") ?? "Dockerfile",
    target: one("target") ?? "",
    buildArgs: pairs("arg"),
    labels: pairs("label"),
    secrets: pairs("secret"),
    files: blocks.map(parseFile),
  };
}

function parseFile(block: string): CorpusFile {
  const end = block.indexOf("\n");
  const header = (end < 0 ? block : block.slice(0, end)).replace(/ --$/, "");
  const [, path = "", link] = /^(.*?)(?: -> (.*))?$/.exec(header.replace(/ \((?:\d+|tar of .+)\)$/, "")) ?? [];
  const mode = /\((\d+)\)$/.exec(header)?.[1];
  return {
    path,
    content: end < 0 ? "" : block.slice(end + 1),
    mode: mode === undefined ? 0o644 : Number.parseInt(mode, 8),
    link,
    archiveOf: /\(tar of (.+)\)$/.exec(header)?.[1],
  };
}
