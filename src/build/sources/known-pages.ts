import { sha256Hex } from "#base/sha256.ts";
import { readTextFileMaybe, writeFileAtomic } from "#host/files/files.ts";

/** What a web address held when it was fetched last, and how to ask whether it still does. */
export interface KnownPage {
  readonly etag: string;
  /** Of the content, `sha256:…`. */
  readonly digest: string;
  /** Unix seconds, of Last-Modified; 0 when the server told none. */
  readonly modifiedSeconds: number;
}

const MAX_BYTES = 64 << 10;

/** Known pages by address, a small file each. Contents are not kept: the steps made of them are. */
export class KnownPages {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  find(url: string): KnownPage | undefined {
    try {
      const known = JSON.parse(readTextFileMaybe(this.#path(url), MAX_BYTES) ?? "null") as KnownPage | null;
      return known ?? undefined;
    } catch {
      // What is damaged is fetched again.
      return undefined;
    }
  }

  keep(url: string, page: KnownPage): void {
    writeFileAtomic(this.#path(url), JSON.stringify(page), { mode: 0o600, durable: false });
  }

  #path(url: string): string {
    return `${this.#directory}/page-${sha256Hex(url).slice(0, 32)}`;
  }
}
