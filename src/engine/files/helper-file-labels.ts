import { setFileLabel } from "#host/files/file-labels.ts";
import type { HelperStreams } from "#host/helpers/helper-streams.ts";
import type { FileLabels } from "./file-labels.ts";
import { LABEL_TASK } from "./label-task.ts";

/** {@link FileLabels}; trees by helper processes, so that large ones keep nobody waiting. */
export class HelperFileLabels implements FileLabels {
  readonly #helpers: HelperStreams;
  readonly #homes: readonly string[];

  /** `homes`: of the people whose engine this is; they are not relabelled. */
  constructor(deps: { readonly helpers: HelperStreams; readonly homes: readonly string[] }) {
    this.#helpers = deps.helpers;
    this.#homes = deps.homes;
  }

  set(path: string, label: string): void {
    setFileLabel(path, label);
  }

  async relabel(path: string, label: string): Promise<void> {
    await this.#helpers.run(LABEL_TASK, { path, label, homes: [...this.#homes] });
  }
}
