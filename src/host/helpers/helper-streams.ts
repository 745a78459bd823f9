import { openReadPipe, openWritePipe, type PipeReader } from "../sockets/byte-pipe.ts";
import type { Json } from "./helper-protocol.ts";
import type { HelperRun, Helpers } from "./helper-pool.ts";
import { Poller } from "../sockets/poller.ts";

type Input = Readonly<Record<string, Json>>;

/**
 * Tasks of helper processes that give or take bytes: those go through a pipe, whose path the task finds as `pipe` in its
 * input, so that neither side holds more than a piece of them. A task says something when it is ready; from then on its
 * failure is that of the stream.
 */
export class HelperStreams {
  readonly #helpers: Helpers;
  #poller: Poller | undefined;

  constructor(deps: { readonly helpers: Helpers }) {
    this.#helpers = deps.helpers;
  }

  /** A task without a stream. */
  run(task: string, input: Input): Promise<Json> {
    return this.#helpers.start(task, input, () => {}).result;
  }

  /** A task that writes; resolves with what it says first, or rejects when it fails before. */
  async read(
    task: string,
    input: Input,
  ): Promise<{ readonly first: Json; readonly chunks: AsyncGenerator<Uint8Array, void> }> {
    const pipe = openReadPipe(this.#pollerNow());
    const ready = Promise.withResolvers<Json>();
    const run = this.#helpers.start(task, { ...input, pipe: pipe.path }, (message) => ready.resolve(message));
    const result = run.result.finally(() => pipe.handedOver());
    result.catch((error: unknown) => ready.reject(error));
    try {
      const first = await ready.promise;
      pipe.handedOver();
      return { first, chunks: whole(pipe, run, result) };
    } catch (error) {
      pipe.close();
      throw error;
    }
  }

  /** A task that reads `body`; resolves when it has done its work. */
  async write(task: string, input: Input, body: AsyncIterable<Uint8Array>): Promise<void> {
    const pipe = openWritePipe(this.#pollerNow());
    const ready = Promise.withResolvers<void>();
    const run = this.#helpers.start(task, { ...input, pipe: pipe.path }, () => ready.resolve());
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

  #pollerNow(): Poller {
    this.#poller ??= new Poller();
    return this.#poller;
  }
}

/** The pipe's bytes; the helper's failure behind the last of them, and its end when nobody wants the rest. */
async function* whole(pipe: PipeReader, run: HelperRun, result: Promise<Json>): AsyncGenerator<Uint8Array, void> {
  let complete = false;
  try {
    yield* pipe.chunks();
    await result;
    complete = true;
  } finally {
    if (!complete) {
      run.abort();
      await result.catch(() => undefined);
    }
    pipe.close();
  }
}
