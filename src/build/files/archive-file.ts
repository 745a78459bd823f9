import { BerthError, isBerthError } from "#base/errors.ts";
import { S_IFMT, S_IFREG } from "#host/kernel/linux.ts";
import { spawnProcess } from "#host/processes/process.ts";
import { close, lseek, pread, read } from "#host/kernel/syscalls.ts";
import { decompressed } from "#image/unpack/decompress.ts";
import { openVisited, type VisitedFile } from "./visit-selection.ts";

type Format = "tar" | "gzip" | "zstd" | "bzip2" | "xz";

const READ_BYTES = 256 << 10;
/** Of a tar archive; what tells its kind is in the first. */
const BLOCK = 512;

/** A readable descriptor of a visited file that may hold an archive by its first bytes; the caller's. */
export function openCandidate({ at, stat }: VisitedFile): number | undefined {
  if ((stat.mode & S_IFMT) !== S_IFREG) return undefined;
  const file = openVisited(at);
  const head = new Uint8Array(BLOCK);
  if (formatOf(head.subarray(0, pread(file, head, 0))) !== undefined) return file;
  close(file);
  return undefined;
}

/** Does a file hold a tar archive, plain or compressed? What is compressed but no archive does not. */
export async function isArchive(fd: number): Promise<boolean> {
  let head = new Uint8Array(0);
  try {
    for await (const chunk of archiveChunks(fd)) {
      head = Buffer.concat([head, chunk]);
      if (head.length >= BLOCK) break;
    }
  } catch (error) {
    if (isBerthError(error, "not-implemented")) throw error;
    return false;
  }
  return isTarHeader(head.subarray(0, BLOCK));
}

/** By the magic numbers of the formats, and the checksum of a first tar header. */
function formatOf(head: Uint8Array): Format | undefined {
  const starts = (...magic: readonly number[]): boolean => magic.every((byte, index) => head[index] === byte);
  if (starts(0x1f, 0x8b, 0x08)) return "gzip";
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return "zstd";
  if (starts(0x42, 0x5a, 0x68)) return "bzip2";
  if (starts(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return "xz";
  return isTarHeader(head) ? "tar" : undefined;
}

function isTarHeader(block: Uint8Array): boolean {
  if (block.length < BLOCK) return false;
  const stored = Number.parseInt(
    Buffer.from(block.subarray(148, 156)).toString("latin1").replace(/\0.*$/s, "").trim(),
    8,
  );
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += at >= 148 && at < 156 ? 0x20 : (block[at] ?? 0);
  return stored === sum;
}

/** The tar stream that the file `fd` holds, from its beginning. Chunks of a plain one are good until the next. */
export async function* archiveChunks(fd: number): AsyncGenerator<Uint8Array> {
  const head = new Uint8Array(BLOCK);
  lseek(fd, 0, 0);
  const format = formatOf(head.subarray(0, read(fd, head)));
  lseek(fd, 0, 0);
  switch (format) {
    case "tar":
    case undefined:
      yield* chunksOf(fd);
      return;
    case "gzip":
    case "zstd":
      yield* decompressed(chunksOf(fd), format);
      return;
    case "bzip2":
    case "xz":
      yield* byProgram(format, fd);
  }
}

async function* chunksOf(fd: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(READ_BYTES);
  for (let count = read(fd, buffer); count > 0; count = read(fd, buffer)) yield buffer.subarray(0, count);
}

/** docker-compat: Docker too has the machine's own program undo these. */
async function* byProgram(format: "bzip2" | "xz", fd: number): AsyncGenerator<Uint8Array> {
  const child = start(format, fd);
  if (child.stdout === undefined) throw new BerthError("internal", `${format} has no output`);
  for await (const chunk of child.stdout as unknown as AsyncIterable<Uint8Array>) yield chunk;
  const { exitCode } = await child.exited;
  if (exitCode !== 0) throw new BerthError("invalid-parameter", `the archive is damaged: ${format} could not read it`);
}

function start(format: "bzip2" | "xz", fd: number): ReturnType<typeof spawnProcess> {
  try {
    return spawnProcess({
      file: format,
      args: ["-d", "-c", "-q"],
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
      stdin: fd,
      stdout: "pipe",
    });
  } catch (error) {
    throw new BerthError(
      "not-implemented",
      `archives compressed by ${format} need the program ${format} on the engine's machine`,
      { cause: error },
    );
  }
}
