/**
 * Writes tar archives for test images: ustar headers with pax records where ustar is too small (long paths, extended
 * attributes, big numbers). Written apart from src/ so that the reader there is judged by bytes it did not make.
 */
export interface TarEntry {
  readonly path: string;
  readonly type?: "file" | "directory" | "symlink" | "hardlink" | "character" | "block" | "fifo";
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly content?: string | Uint8Array;
  /** Target of a symlink or hardlink. */
  readonly link?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly xattrs?: Readonly<Record<string, string | Uint8Array>>;
  /** Seconds since 1970; fixed by default so that the archive is the same every time. */
  readonly modifiedAt?: number;
}

const typeFlags = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  character: "3",
  block: "4",
  directory: "5",
  fifo: "6",
} as const;

const defaultTime = 1_700_000_000;

/** The archive of `entries` in their order, closed by two zero blocks. */
export function writeTar(entries: readonly TarEntry[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    const content = bytesOf(entry.content ?? "");
    const records = paxRecords(entry);
    if (records.length > 0) {
      const body = Buffer.concat(records);
      parts.push(header({ path: "PaxHeaders/entry", mode: 0o644 }, "x", body.length), padded(body));
    }
    parts.push(header(entry, typeFlags[entry.type ?? "file"], content.length), padded(content));
  }
  parts.push(new Uint8Array(1024));
  return Buffer.concat(parts);
}

function paxRecords(entry: TarEntry): Uint8Array[] {
  const records: Uint8Array[] = [];
  if (Buffer.byteLength(entry.path) > 100) records.push(paxRecord("path", entry.path));
  if (Buffer.byteLength(entry.link ?? "") > 100) records.push(paxRecord("linkpath", entry.link ?? ""));
  for (const [name, value] of Object.entries(entry.xattrs ?? {})) {
    records.push(paxRecord(`SCHILY.xattr.${name}`, value));
  }
  return records;
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts its own digits (POSIX pax interchange format). */
function paxRecord(key: string, value: string | Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(` ${key}=`), bytesOf(value), Buffer.from("\n")]);
  let length = body.length + 1;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([Buffer.from(String(length)), body]);
}

function header(entry: TarEntry, flag: string, size: number): Uint8Array {
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, width: number): void => {
    block.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at, "latin1");
  };
  const executable = entry.type === "directory" ? 0o755 : 0o644;
  block.write(entry.path, 0, 100, "utf8");
  octal(entry.mode ?? executable, 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(entry.modifiedAt ?? defaultTime, 136, 12);
  block.write("        ", 148, "latin1");
  block.write(flag, 156, "latin1");
  block.write(entry.link ?? "", 157, 100, "utf8");
  block.write("ustar\x0000", 257, "latin1");
  octal(entry.major ?? 0, 329, 8);
  octal(entry.minor ?? 0, 337, 8);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function padded(bytes: Uint8Array): Uint8Array {
  const rest = bytes.length % 512;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(512 - rest)]);
}

function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === "string" ? Buffer.from(value) : value;
}
