import { openMaybe } from "#host/files/open-maybe.ts";
import { O_RDONLY } from "#host/kernel/linux.ts";
import { close, fstat } from "#host/kernel/syscalls.ts";
import { CompressedLogFile } from "./compressed-log-file.ts";
import { identityOf, modifiedNs, preadFully, type LogFile } from "./log-file.ts";

/** `path`, or `path.gz` in its stead; undefined when there is neither. */
export function openLogFile(path: string): LogFile | undefined {
  // In this order: a file that is being compressed has both names for a moment, then only the second.
  const plain = openMaybe(path, O_RDONLY);
  if (plain !== undefined) return new PlainLogFile(plain);
  const compressed = openMaybe(`${path}.gz`, O_RDONLY);
  return compressed === undefined ? undefined : new CompressedLogFile(compressed);
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
