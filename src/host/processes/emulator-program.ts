import { hasCode } from "../kernel/errno.ts";
import { withFd } from "../files/files.ts";
import { O_RDONLY } from "../kernel/linux.ts";
import { open, pread } from "../kernel/syscalls.ts";

/** qemu's names of architectures where they are not Go's. */
const QEMU_NAMES: Readonly<Record<string, string>> = {
  "386": "i386",
  amd64: "x86_64",
  arm64: "aarch64",
  loong64: "loongarch64",
  mips64le: "mips64el",
};

const USUAL_DIRECTORIES = ["/usr/local/bin", "/usr/bin"];

/** Offsets of a 64-bit ELF header, elf(5), and of a program header's type. */
const PROGRAM_HEADERS_AT = 32;
const ENTRY_SIZE_AT = 54;
const ENTRY_COUNT_AT = 56;
const HEADER_BYTES = 64;
const PT_INTERP = 3;

export interface EmulatorProgram {
  readonly path: string;
  /** Linked dynamically it cannot run in a root that lacks its libraries. */
  readonly isStatic: boolean;
}

/** What qemu's emulator of user programs is called; the first is Debian's name of the static one. */
export function emulatorNames(architecture: string): readonly string[] {
  const name = QEMU_NAMES[architecture] ?? architecture;
  return [`qemu-${name}-static`, `qemu-${name}`];
}

/**
 * The program that runs an architecture's: the one at `path`, else the first static one of qemu's names in PATH and where
 * distributions put it, else one that is there and not static. Undefined when there is none.
 */
export function findEmulator(architecture: string, path: string | undefined): EmulatorProgram | undefined {
  const directories = [...(process.env["PATH"] ?? "").split(":"), ...USUAL_DIRECTORIES];
  const usual = directories
    .filter((directory) => directory.startsWith("/"))
    .flatMap((directory) => emulatorNames(architecture).map((name) => `${directory}/${name}`));
  const found = [...new Set(path === undefined ? usual : [path])].flatMap(programAt);
  return found.find(({ isStatic }) => isStatic) ?? found[0];
}

function programAt(path: string): readonly EmulatorProgram[] {
  try {
    return withFd(open(path, O_RDONLY), (fd) => {
      const isStatic = isStaticElf(fd);
      return isStatic === undefined ? [] : [{ path, isStatic }];
    });
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "EACCES", "EISDIR", "ELOOP")) return [];
    throw error;
  }
}

/** Undefined for what is no 64-bit little-endian ELF file, as the programs of the machines that this engine knows are. */
function isStaticElf(fd: number): boolean | undefined {
  const header = bytesAt(fd, 0, HEADER_BYTES);
  if (header.length < HEADER_BYTES || header.readUInt32BE(0) !== 0x7f454c46 || header.readUInt16LE(4) !== 0x0102)
    return undefined;
  const [size, count] = [header.readUInt16LE(ENTRY_SIZE_AT), header.readUInt16LE(ENTRY_COUNT_AT)];
  const table = bytesAt(fd, Number(header.readBigUInt64LE(PROGRAM_HEADERS_AT)), size * count);
  const entries = Array.from({ length: size < 4 ? 0 : Math.floor(table.length / size) }, (_, index) => index * size);
  return !entries.some((at) => table.readUInt32LE(at) === PT_INTERP);
}

function bytesAt(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, pread(fd, bytes, position));
}
