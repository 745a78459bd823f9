import { hasCode } from "#host/kernel/errno.ts";
import { O_RDONLY } from "#host/kernel/linux.ts";
import { close, fstat, open } from "#host/kernel/syscalls.ts";
import { CompressedLogFile } from "./compressed-log-file.ts";
import { identityOf, modifiedNs, preadFully, type LogFile } from "./log-file.ts";

/** `path`, or `path.gz` in its stead; undefined when there is neither. */
export function openLogFile(path: string): LogFile | undefined {
  // In this order: a file that is being compressed has both names for a moment, then only the second.
  const plain = openMaybe(path);
  if (plain !== undefined) return new PlainLogFile(plain);
  const compressed = openMaybe(`${path}.gz`);
  return compressed === undefined ? undefined : new CompressedLogFile(compressed);
}

function openMaybe(path: string): number | undefined {
  try {
    return open(path, O_RDONLY);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

class PlainLogFile implements LogFile {
  readonly #fd: number;
  readonly identity: string;

  constructor(fd: number) {
    this.#fd = fd;
    this.identity = identityOf(fd);
  }

  get size(): number {
    return fstat(this.#fd).size;
  }

  get modifiedNs(): bigint {
    return modifiedNs(this.#fd);
  }

  read(into: Uint8Array, position: number): number {
    return preadFully(this.#fd, into, position);
  }

  close(): void {
    close(this.#fd);
  }
}
