import { ensureDirectory } from "#host/files/files.ts";
import type { HelperStreams } from "#host/helpers/helper-streams.ts";
import { RECEIVE_TASK } from "./receive-task.ts";

/**
 * Lays archives out that clients send as a build's context, by helper processes: neither side holds more than a piece.
 */
export class ArchiveReceiver {
  readonly #streams: HelperStreams;

  /** Closes `streams` with itself. */
  constructor(deps: { readonly streams: HelperStreams }) {
    this.#streams = deps.streams;
  }

  /** `invalid-parameter` for what is no archive. The directory is made; what it holds after a failure is the caller's to remove. */
  async receive(directory: string, body: AsyncIterable<Uint8Array>): Promise<void> {
    ensureDirectory(directory, 0o700);
    await this.#streams.write(RECEIVE_TASK, { directory }, body);
  }

  close(): void {
    this.#streams.close();
  }
}
