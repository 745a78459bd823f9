/**
 * Log files that somebody is reading on from, by identity. They are not replaced by compressed ones: the reader would not
 * find its place among the files again.
 */
export class FilesInUse {
  readonly #counts = new Map<string, number>();

  hold(identity: string): void {
    this.#counts.set(identity, (this.#counts.get(identity) ?? 0) + 1);
  }

  release(identity: string): void {
    const count = (this.#counts.get(identity) ?? 0) - 1;
    if (count > 0) this.#counts.set(identity, count);
    else this.#counts.delete(identity);
  }

  has(identity: string): boolean {
    return this.#counts.has(identity);
  }
}
