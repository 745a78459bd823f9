import { hasCode } from "#host/kernel/errno.ts";
import { readTextFileMaybe, writeFileAtomic } from "#host/files/files.ts";
import type { LogPlace } from "./record-source.ts";

const mostBytes = 256;

/**
 * How far a log was sent, in a file beside it. It survives the engine's end; after a power cut it may be an older one:
 * then lines are sent twice.
 */
export class CursorFile {
  readonly #path: string;

  constructor(logPath: string) {
    this.#path = `${logPath}.sent`;
  }

  /** undefined when nothing was sent yet, or nobody knows. */
  read(): LogPlace | undefined {
    const match = /^(\d{1,20}) (\d{1,15})\n$/.exec(readTextFileMaybe(this.#path, mostBytes) ?? "");
    return match === null ? undefined : { file: BigInt(match[1] ?? "0"), offset: Number(match[2]) };
  }

  write(place: LogPlace): void {
    try {
      writeFileAtomic(this.#path, `${place.file} ${place.offset}\n`, { mode: 0o600, durable: false });
    } catch (error) {
      // The container was removed meanwhile.
      if (!hasCode(error, "ENOENT")) throw error;
    }
  }
}
