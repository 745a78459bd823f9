import { openWritePipe } from "#host/byte-pipe.ts";
import { ensureDirectory } from "#host/files.ts";
import type { Helpers } from "#host/helper-pool.ts";
import { Poller } from "#host/poller.ts";
import { RECEIVE_TASK } from "./receive-task.ts";

/**
 * Lays archives out that clients send as a build's context, by helper processes: neither side holds more than a piece.
 */
export class ArchiveReceiver {
  readonly #helpers: Helpers;
  #poller: Poller | undefined;

  constructor(deps: { readonly helpers: Helpers }) {
    this.#helpers = deps.helpers;
  }

  /** `invalid-parameter` for what is no archive. The directory is made; what it holds after a failure is the caller's to remove. */
  async receive(directory: string, body: AsyncIterable<Uint8Array>): Promise<void> {
    ensureDirectory(directory, 0o700);
    this.#poller ??= new Poller();
    const pipe = openWritePipe(this.#poller);
    const ready = Promise.withResolvers<void>();
    const run = this.#helpers.start(RECEIVE_TASK, { directory, pipe: pipe.path }, () => ready.resolve());
    const result = run.result.finally(() => pipe.handedOver());
    result.catch((error: unknown) => ready.reject(error));
    try {
      await ready.promise;
      pipe.handedOver();
      for await (const chunk of body) if (!(await pipe.write(chunk))) break;
      pipe.close();
      await result;
    } catch (error) {
      run.abort();
      await result.catch(() => undefined);
      throw error;
    } finally {
      pipe.close();
    }
  }

  close(): void {
    this.#poller?.close();
  }
}
