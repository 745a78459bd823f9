import { openReadPipe, openWritePipe, type PipeReader } from "#host/byte-pipe.ts";
import { lines, type Json } from "#host/helper-protocol.ts";
import type { HelperRun, Helpers } from "#host/helper-pool.ts";
import { Poller } from "#host/poller.ts";
import type { RootMount } from "#snapshot/types.ts";
import type { FilesystemChange, PathStat } from "#spec/docker/archive.ts";
import type { ContainerFiles, ExtractRequest } from "../ports.ts";
import { ARCHIVE_TASK } from "./archive-task.ts";
import { CHANGES_TASK } from "./changes-task.ts";
import { EXPORT_TASK } from "./export-task.ts";
import { EXTRACT_TASK } from "./extract-task.ts";
import { STAT_TASK } from "./stat-task.ts";
import { viewToJson, type ContainerView } from "./view.ts";

/**
 * {@link ContainerFiles} by helper processes: what a container's file system does, stalls or holds concerns only the
 * helper that is looking at it. Bytes go through a pipe, so that neither side holds more than a piece of them.
 */
export class HelperContainerFiles implements ContainerFiles {
  readonly #helpers: Helpers;
  #poller: Poller | undefined;

  constructor(deps: { readonly helpers: Helpers }) {
    this.#helpers = deps.helpers;
  }

  close(): void {
    this.#poller?.close();
  }

  async stat(view: ContainerView, path: string): Promise<PathStat> {
    const input = { view: viewToJson(view), path };
    return (await this.#helpers.start(STAT_TASK, input, () => {}).result) as unknown as PathStat;
  }

  async read(
    view: ContainerView,
    path: string,
  ): Promise<{ readonly stat: PathStat; readonly chunks: AsyncGenerator<Uint8Array, void> }> {
    const { first, chunks } = await this.#stream(ARCHIVE_TASK, { view: viewToJson(view), path });
    return { stat: first as unknown as PathStat, chunks };
  }

  async readAll(view: ContainerView): Promise<AsyncGenerator<Uint8Array, void>> {
    return (await this.#stream(EXPORT_TASK, { view: viewToJson(view) })).chunks;
  }

  async changes(root: RootMount): Promise<readonly FilesystemChange[]> {
    const input = { lowerDirs: root.lowerDirs, upperDir: root.upperDir };
    const { chunks } = await this.#stream(CHANGES_TASK, input);
    const found: FilesystemChange[] = [];
    for await (const line of lines(chunks)) found.push(JSON.parse(line) as FilesystemChange);
    return found;
  }

  async extract(view: ContainerView, request: ExtractRequest): Promise<void> {
    const pipe = openWritePipe(this.#pollerNow());
    const { path, options, body } = request;
    const ready = Promise.withResolvers<void>();
    const input = { view: viewToJson(view), path, pipe: pipe.path, options: { ...options } };
    const run = this.#helpers.start(EXTRACT_TASK, input, () => ready.resolve());
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

  /** Start a task that writes into a pipe; resolves with what it says first, or rejects when it fails before. */
  async #stream(
    task: string,
    input: Readonly<Record<string, Json>>,
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
