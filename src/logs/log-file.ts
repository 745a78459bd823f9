import { hasCode } from "#host/errno.ts";
import { O_RDONLY } from "#host/linux.ts";
import { close, fstat, open, pread } from "#host/syscalls.ts";

/** One open file of a log. It stays the same file when it is renamed by rotation. */
export class LogFile {
  readonly #fd: number;
  readonly identity: string;

  private constructor(fd: number) {
    const { ino, devMajor, devMinor } = fstat(fd);
    this.#fd = fd;
    this.identity = `${devMajor}:${devMinor}:${ino}`;
  }

  /** undefined when there is no such file. */
  static open(path: string): LogFile | undefined {
    try {
      return new LogFile(open(path, O_RDONLY));
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  get size(): number {
    return fstat(this.#fd).size;
  }

  /** Bytes read, 0 at the end. */
  read(into: Uint8Array, position: number): number {
    return pread(this.#fd, into, position);
  }

  close(): void {
    close(this.#fd);
  }
}

/**
 * All files of a log that are there now, oldest first. A rotation in the middle of looking shows a file under two names:
 * it is taken once.
 */
export function openLogFiles(path: string): LogFile[] {
  const newestFirst: LogFile[] = [];
  const seen = new Set<string>();
  for (let index = 0; ; index += 1) {
    const file = LogFile.open(index === 0 ? path : `${path}.${index}`);
    if (file === undefined) {
      // In the middle of a rotation there is no newest file for a moment.
      if (index === 0) continue;
      return newestFirst.reverse();
    }
    if (seen.has(file.identity)) file.close();
    else newestFirst.push(file);
    seen.add(file.identity);
  }
}
