import { lines } from "#host/helpers/helper-protocol.ts";
import type { HelperStreams } from "#host/helpers/helper-streams.ts";
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
 * helper that is looking at it.
 */
export class HelperContainerFiles implements ContainerFiles {
  readonly #helpers: HelperStreams;

  constructor(deps: { readonly helpers: HelperStreams }) {
    this.#helpers = deps.helpers;
  }

  async stat(view: ContainerView, path: string): Promise<PathStat> {
    return (await this.#helpers.run(STAT_TASK, { view: viewToJson(view), path })) as unknown as PathStat;
  }

  async read(
    view: ContainerView,
    path: string,
  ): Promise<{ readonly stat: PathStat; readonly chunks: AsyncGenerator<Uint8Array, void> }> {
    const { first, chunks } = await this.#helpers.read(ARCHIVE_TASK, { view: viewToJson(view), path });
    return { stat: first as unknown as PathStat, chunks };
  }

  async readAll(view: ContainerView): Promise<AsyncGenerator<Uint8Array, void>> {
    return (await this.#helpers.read(EXPORT_TASK, { view: viewToJson(view) })).chunks;
  }

  async changes(root: RootMount): Promise<readonly FilesystemChange[]> {
    const input = { lowerDirs: root.lowerDirs, upperDir: root.upperDir };
    const { chunks } = await this.#helpers.read(CHANGES_TASK, input);
    const found: FilesystemChange[] = [];
    for await (const line of lines(chunks)) found.push(JSON.parse(line) as FilesystemChange);
    return found;
  }

  async extract(view: ContainerView, request: ExtractRequest): Promise<void> {
    const { path, options, body } = request;
    await this.#helpers.write(EXTRACT_TASK, { view: viewToJson(view), path, options: { ...options } }, body);
  }
}
