import type { HelperStreams } from "#host/helpers/helper-streams.ts";
import type { VolumeFiles } from "../ports.ts";
import { VOLUME_COPY_TASK, VOLUME_EXPORT_TASK, VOLUME_IMPORT_TASK } from "./volume-tasks.ts";

/** {@link VolumeFiles} by helper processes, so that large volumes keep nobody waiting. */
export class HelperVolumeFiles implements VolumeFiles {
  readonly #helpers: HelperStreams;

  constructor(deps: { readonly helpers: HelperStreams }) {
    this.#helpers = deps.helpers;
  }

  async copy(from: string, to: string): Promise<void> {
    await this.#helpers.run(VOLUME_COPY_TASK, { from, to });
  }

  async export(path: string): Promise<AsyncGenerator<Uint8Array, void>> {
    return (await this.#helpers.read(VOLUME_EXPORT_TASK, { path })).chunks;
  }

  async import(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#helpers.write(VOLUME_IMPORT_TASK, { path }, body);
  }
}
