import { BerthError } from "#base/errors.ts";
import { hasCode } from "../kernel/errno.ts";
import { listDirectory, readTextFileMaybe } from "../files/files.ts";
import { close, fsopen } from "../kernel/syscalls.ts";

const DIRECTORY = "/proc/sys/fs/binfmt_misc";
const MAX_BYTES = 16 << 10;
/** Offsets of elf(5): EI_DATA and EI_VERSION in e_ident, e_type, e_machine. */
const DATA_AT = 5;
const BIG_ENDIAN = 2;
const VERSION_AT = 6;
const TYPE_AT = 16;
const MACHINE_AT = 18;

/** A handler of foreign programs that is switched on, as the kernel describes it: Documentation/admin-guide/binfmt-misc.rst. */
export interface BinfmtHandler {
  readonly name: string;
  readonly interpreter: string;
  /** `F`: the interpreter was opened when it was registered, so that it works in every root. */
  readonly isFixed: boolean;
  readonly offset: number;
  readonly magic: Uint8Array;
  readonly mask: Uint8Array;
}

/** By Go's names of architectures: bits, byte order and e_machine. */
const ELF: Readonly<Record<string, readonly [bits: 32 | 64, order: "little" | "big", machine: number]>> = {
  "386": [32, "little", 3],
  amd64: [64, "little", 62],
  arm: [32, "little", 40],
  arm64: [64, "little", 183],
  loong64: [64, "little", 258],
  mips64: [64, "big", 8],
  mips64le: [64, "little", 8],
  ppc64le: [64, "little", 21],
  riscv64: [64, "little", 243],
  s390x: [64, "big", 22],
};

/** Handlers of this machine; none where binfmt_misc is not mounted. */
export function readBinfmtHandlers(): readonly BinfmtHandler[] {
  return listDirectory(DIRECTORY).flatMap((name) => {
    const text =
      name === "register" || name === "status" ? undefined : readTextFileMaybe(`${DIRECTORY}/${name}`, MAX_BYTES);
    return text === undefined ? [] : parseBinfmtHandler(name, text);
  });
}

/** Does the kernel have binfmt_misc? It is loaded where it is a module. */
export function hasBinfmtMisc(): boolean {
  try {
    close(fsopen("binfmt_misc"));
    return true;
  } catch (error) {
    if (hasCode(error, "ENODEV")) return false;
    throw error;
  }
}

/** A handler's file; none when it is switched off or goes by a name's end. */
export function parseBinfmtHandler(name: string, text: string): readonly BinfmtHandler[] {
  const lines = text.split("\n");
  const value = (key: string): string | undefined => {
    const line = lines.find((one) => one.startsWith(`${key} `));
    return line?.slice(key.length + 1).trim();
  };
  const magic = bytes(value("magic"));
  if (lines[0] !== "enabled" || magic === undefined) return [];
  const flags = lines.find((line) => line.startsWith("flags:"))?.slice("flags:".length) ?? "";
  return [
    {
      name,
      interpreter: value("interpreter") ?? "",
      isFixed: flags.includes("F"),
      offset: Number(value("offset") ?? 0),
      magic,
      mask: bytes(value("mask")) ?? new Uint8Array(magic.length).fill(0xff),
    },
  ];
}

/** The handler for programs of an architecture; undefined when none is. */
export function handlerFor(handlers: readonly BinfmtHandler[], architecture: string): BinfmtHandler | undefined {
  const head = elfHead(architecture);
  return head === undefined ? undefined : handlers.find((handler) => takes(handler, head));
}

/** Can an interpreter be registered for an architecture's programs? */
export function isKnownArchitecture(architecture: string): boolean {
  return Object.hasOwn(ELF, architecture);
}

/**
 * What is written to `register` for programs of an architecture: the interpreter is opened then (F), takes the rights of the
 * program (C, which needs O), and is told the name that the program was called by (P; qemu does as it says since 6.0).
 */
export function handlerRegistration(architecture: string, interpreter: string): string {
  const head = elfHead(architecture);
  if (head === undefined) throw new BerthError("internal", `no ELF machine is known for ${architecture}`);
  const isBig = head[DATA_AT] === BIG_ENDIAN;
  const magic = head.subarray(0, MACHINE_AT + 2);
  // Whatever the ABI; executables and shared objects, whose numbers differ in the last bit.
  const mask = magic.map((_, at) =>
    at > VERSION_AT && at < TYPE_AT ? 0 : at === TYPE_AT + Number(isBig) ? 0xfe : 0xff,
  );
  return `:berth-${architecture}:M::${escaped(magic)}:${escaped(mask)}:${interpreter}:POCF`;
}

const escaped = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");

function takes({ offset, magic, mask }: BinfmtHandler, head: Uint8Array): boolean {
  return magic.every((byte, at) => {
    const bits = mask[at] ?? 0xff;
    return ((head[offset + at] ?? 0) & bits) === (byte & bits);
  });
}

/** The first bytes of an executable, elf(5). */
function elfHead(architecture: string): Uint8Array | undefined {
  const [bits, order, machine] = ELF[architecture] ?? [];
  if (machine === undefined) return undefined;
  const head = Buffer.alloc(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, order === "little" ? 1 : 2, 1]);
  for (const [at, half] of [
    [TYPE_AT, 2],
    [MACHINE_AT, machine],
  ] as const) {
    if (order === "little") head.writeUInt16LE(half, at);
    else head.writeUInt16BE(half, at);
  }
  return head;
}

function bytes(hex: string | undefined): Uint8Array | undefined {
  return hex === undefined || hex === "" ? undefined : Buffer.from(hex, "hex");
}
