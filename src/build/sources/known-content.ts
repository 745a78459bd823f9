import { sha256Hex } from "#base/sha256.ts";
import { readTextFileMaybe, writeFileAtomic } from "#host/files/files.ts";
import { hashOf } from "../solver/step-key.ts";
import type { Selection } from "../solver/types.ts";

/** The largest Dockerfile, and as much again. */
const MAX_BYTES = 8 << 20;

interface Known {
  /** Of files, by their paths; null: there is no such file. */
  readonly texts: Record<string, string | null>;
  /** Of selections. */
  readonly digests: Record<string, string>;
  /** Where the whole is one text. */
  whole?: string;
}

/** What is known of files that lie elsewhere and never change, such as those of a commit. Kept in a small file. */
export class KnownContent {
  readonly #path: string;
  #known: Known | undefined;

  /** `identity`: what the content follows from. */
  constructor(directory: string, identity: string) {
    this.#path = `${directory}/remote-${sha256Hex(identity).slice(0, 32)}`;
    this.#known = readKnown(this.#path);
  }

  /** Has anything been kept of it? */
  get isKnown(): boolean {
    return this.#known !== undefined;
  }

  get whole(): string | undefined {
    return this.#known?.whole;
  }

  keepWhole(text: string): void {
    this.#keep((known) => (known.whole = text));
  }

  /** A file's text, null where there is no such file, undefined where that is not known. */
  text(path: string): string | null | undefined {
    const { texts = {} } = this.#known ?? {};
    return Object.hasOwn(texts, path) ? texts[path] : undefined;
  }

  keepText(path: string, text: string | null): void {
    this.#keep(({ texts }) => (texts[path] = text));
  }

  /** `excludes`: lines of .dockerignore. */
  digest(excludes: readonly string[], selection: Selection): string | undefined {
    return this.#known?.digests[hashOf("digest", excludes, selection)];
  }

  keepDigest(excludes: readonly string[], selection: Selection, digest: string): void {
    this.#keep(({ digests }) => (digests[hashOf("digest", excludes, selection)] = digest));
  }

  /** Builds of the same at the same time may each keep something: what is lost is found out again. */
  #keep(change: (known: Known) => void): void {
    const known = this.#known ?? readKnown(this.#path) ?? { texts: {}, digests: {} };
    change(known);
    this.#known = known;
    writeFileAtomic(this.#path, JSON.stringify(known), { mode: 0o600, durable: false });
  }
}

function readKnown(path: string): Known | undefined {
  try {
    const text = readTextFileMaybe(path, MAX_BYTES);
    return text === undefined ? undefined : (JSON.parse(text) as Known);
  } catch {
    // What is damaged is found out again.
    return undefined;
  }
}
