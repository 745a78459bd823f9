import { BerthError } from "#base/errors.ts";

/** The builds under way, by the ids their clients gave them. */
export class RunningBuilds {
  readonly #builds = new Map<string, AbortController>();
  readonly #all = new Set<AbortController>();

  /** Run a build that can be cancelled by its id, unless that is "". `conflict` for an id that is in use. */
  async run<T>(id: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    if (id !== "" && this.#builds.has(id)) throw new BerthError("conflict", `build ${id} is already running`);
    if (id !== "") this.#builds.set(id, abort);
    this.#all.add(abort);
    try {
      return await work(AbortSignal.any([signal, abort.signal]));
    } finally {
      this.#all.delete(abort);
      if (id !== "") this.#builds.delete(id);
    }
  }

  /** `POST /build/cancel`. docker-compat: no error when there is no such build. */
  cancel(id: string): void {
    if (id === "") throw new BerthError("invalid-parameter", "build ID not provided");
    this.#builds.get(id)?.abort();
  }

  /** At the engine's end. */
  cancelAll(): void {
    for (const abort of this.#all) abort.abort();
  }

  get size(): number {
    return this.#all.size;
  }
}
