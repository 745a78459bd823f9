import { takeWriteEnd } from "#host/sockets/byte-pipe.ts";
import { withFd } from "#host/files/files.ts";
import type { Json } from "#host/helpers/helper-protocol.ts";
import type { HelperContext } from "#host/helpers/helper-serve.ts";
import { writeAll } from "#host/kernel/syscalls.ts";
import { archive, type ArchiveRoot } from "#host/tree/tree-archiver.ts";
import { byteString, type ByteString } from "#spec/tar/byte-string.ts";
import { statementAbout, type Statement } from "../attest/statement.ts";
import { withTree } from "../files/open-tree.ts";
import type { FileTree } from "../solver/types.ts";
import { MemberDigests } from "./member-digests.ts";

export const EXPORT_FILES_TASK = "build-export-files";

/** A statement without its subject, and the file that it becomes beside what it speaks of. */
export interface StatementFile {
  readonly name: string;
  readonly predicateType: string;
  readonly predicate: Json;
}

/** A tree and the folder of the archive it is put into; "" is the archive's root. */
export interface FilesToExport {
  readonly tree: FileTree;
  readonly folder: string;
  /** What is said of its files. They take the places of what the tree has under their names. */
  readonly statements: readonly StatementFile[];
}

export interface FilesTaskInput {
  readonly trees: readonly FilesToExport[];
  /** Unix seconds; of every member, null as they are. */
  readonly time: number | null;
  /** Unix seconds. */
  readonly now: number;
}

/** Write trees as one tar archive into the engine's pipe. Says `null` first. */
export async function exportFilesTask(input: Json, context: HelperContext): Promise<Json> {
  const { trees, time, now, pipe } = input as unknown as FilesTaskInput & { readonly pipe: string };
  const out = takeWriteEnd(pipe);
  await context.send(null);
  const made = new Set(trees.flatMap(({ folder, statements }) => statements.map(({ name }) => placeIn(folder, name))));
  const digests = made.size === 0 ? undefined : new MemberDigests();
  const statementsOf = ({ folder, statements }: FilesToExport): readonly ArchiveRoot[] =>
    statements.map((statement) => ({
      kind: "made",
      as: placeIn(folder, statement.name),
      mode: 0o600,
      seconds: time ?? now,
      content: () => statementFile(statement, digests?.below(folder === "" ? "" : `${folder}/`, made) ?? []),
    }));
  await opened(trees, [], statementsOf, (roots) => {
    const options = {
      ...(time === null ? {} : { time: () => time }),
      ...(digests === undefined ? {} : { skips: (name: ByteString) => made.has(name) }),
    };
    withFd(out, () => {
      for (const piece of archive(roots, options)) {
        digests?.push(piece);
        writeAll(out, piece);
      }
    });
  });
  return null;
}

const placeIn = (folder: string, name: string): ByteString =>
  byteString(Buffer.from(folder === "" ? name : `${folder}/${name}`));

/** docker-compat: two spaces a level, as BuildKit's. */
function statementFile({ predicateType, predicate }: StatementFile, subject: Statement["subject"]): Uint8Array {
  return Buffer.from(JSON.stringify(statementAbout(predicateType, predicate as object, subject), undefined, 2));
}

/** One view inside the other. */
function opened(
  trees: readonly FilesToExport[],
  roots: readonly ArchiveRoot[],
  statementsOf: (tree: FilesToExport) => readonly ArchiveRoot[],
  work: (roots: readonly ArchiveRoot[]) => void,
): Promise<void> {
  const [next, ...rest] = trees;
  if (next === undefined) return Promise.resolve(work(roots));
  return withTree(next.tree, (tree) => {
    if (tree === undefined) return opened(rest, [...roots, ...statementsOf(next)], statementsOf, work);
    const { rootFd } = tree;
    const root: ArchiveRoot =
      next.folder === ""
        ? { kind: "content", directoryFd: rootFd }
        : { kind: "descriptor", fd: rootFd, as: byteString(Buffer.from(next.folder)) };
    return opened(rest, [...roots, root, ...statementsOf(next)], statementsOf, work);
  });
}
