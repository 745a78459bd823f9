import { close, raw } from "../kernel/syscalls.ts";
import { O_CLOEXEC, O_DIRECTORY, O_PATH, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from "../kernel/linux.ts";
import { kernelPath, printable, type ByteString } from "#spec/tar/byte-string.ts";
import { refused } from "./write-refusals.ts";

const MAX_OPEN = 192;
const EAGAIN = 11;
/** openat2 answers EAGAIN while some rename or mount goes on anywhere on the machine; see openat2(2) RESOLVE_IN_ROOT. */
const MAX_TRIES = 256;

/**
 * O_PATH descriptors of directories below one root, by cleaned path from `base` in it. Every path is resolved by the
 * kernel with that root as "/": whatever symbolic links there are, they lead nowhere else. A descriptor stays valid until the next call of
 * {@link nextMember}, also when it was evicted or forgotten meanwhile.
 */
export class DirectoryCache {
  readonly #rootFd: number;
  readonly #base: ByteString;
  readonly #open = new Map<ByteString, number>();
  readonly #retired: number[] = [];
  readonly #how: Uint8Array;

  /** `rootFd` stays the caller's; `base` is cleaned, "" for the root itself. */
  constructor(rootFd: number, base: ByteString) {
    this.#rootFd = rootFd;
    this.#base = base;
    const how = new BigUint64Array([
      BigInt(O_PATH | O_DIRECTORY | O_CLOEXEC),
      0n,
      BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS),
    ]);
    this.#how = new Uint8Array(how.buffer);
  }

  /** Close what the previous member left behind. */
  nextMember(): void {
    if (this.#retired.length === 0) return;
    for (const fd of this.#retired) close(fd);
    this.#retired.length = 0;
  }

  /** Descriptor of `key`, or -errno. */
  find(key: ByteString): number {
    if (key === "" && this.#base === "") return this.#rootFd;
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const path = kernelPath(this.#base === "" ? key : `${this.#base}/${key}`);
    let fd = -EAGAIN;
    for (let tries = 0; fd === -EAGAIN && tries < MAX_TRIES; tries++) {
      fd = raw("openat2", this.#rootFd, path, this.#how);
    }
    if (fd < 0) return fd;
    this.#remember(key, fd);
    return fd;
  }

  /** {@link find}, throwing. */
  get(key: ByteString): number {
    const fd = this.find(key);
    if (fd >= 0) return fd;
    throw refused("open", -fd, printable(this.#base === "" ? `/${key}` : `/${this.#base}/${key}`));
  }

  /** `fd` is the directory `key`, from now on this cache's. */
  put(key: ByteString, fd: number): void {
    const known = this.#open.get(key);
    if (known !== undefined) this.#retired.push(known);
    this.#open.delete(key);
    this.#remember(key, fd);
  }

  /** Something that may lie on a known path was removed or replaced. */
  forgetAll(): void {
    this.#retired.push(...this.#open.values());
    this.#open.clear();
  }

  close(): void {
    this.forgetAll();
    this.nextMember();
  }

  #remember(key: ByteString, fd: number): void {
    if (this.#open.size >= MAX_OPEN) {
      const oldest = this.#open.entries().next();
      if (oldest.done !== true) {
        this.#open.delete(oldest.value[0]);
        this.#retired.push(oldest.value[1]);
      }
    }
    this.#open.set(key, fd);
  }
}
