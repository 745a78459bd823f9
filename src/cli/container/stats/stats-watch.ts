import type { EngineClient } from "#client/engine-client.ts";
import { jsonValues } from "#client/json-stream.ts";
import type { StatsResponse } from "#spec/docker/stats.ts";
import type { Watched } from "./stats-row.ts";

/** The samples of one container as they come. */
export class StatsWatch {
  readonly id: string;
  readonly #reference: string;
  readonly #abort = new AbortController();
  #last: StatsResponse | undefined;
  #lost = false;
  /** Resolves with the first sample or failure. */
  readonly first: Promise<unknown>;

  constructor(api: EngineClient, id: string, reference: string, options: { readonly stream: boolean }) {
    this.id = id;
    this.#reference = reference;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.first = promise;
    void this.#follow(api, options.stream, () => resolve(undefined)).then(
      () => resolve(undefined),
      (error: unknown) => resolve(error),
    );
  }

  get watched(): Watched {
    return { reference: this.#reference, last: this.#last, lost: this.#lost };
  }

  stop(): void {
    this.#abort.abort();
  }

  async #follow(api: EngineClient, stream: boolean, onSample: () => void): Promise<void> {
    try {
      const body = await api.containers.stats(this.id, { stream, signal: this.#abort.signal });
      for await (const sample of jsonValues<StatsResponse>(body)) {
        this.#last = sample;
        onSample();
      }
      // The only one there is stays true.
      this.#lost = stream;
    } catch (error) {
      this.#lost = true;
      throw error;
    }
  }
}
