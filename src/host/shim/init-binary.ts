import { readFileSync } from "node:fs";

import shimPath from "../../../dist/berth-shim" with { type: "file" };
import { setFileLabel } from "../files/file-labels.ts";
import { writeFileAtomic } from "../files/files.ts";

/**
 * The program that is pid 1 in containers with `--init`, as a file that can be bound into them: written on first use, anew
 * by every engine, in `directory`. Containers that run keep the file they have.
 */
export class InitBinary {
  readonly #path: string;
  readonly #label: string | undefined;
  #written = false;

  /** `label`: SELinux label of the file, where containers have labels. */
  constructor(directory: string, label: string | undefined) {
    this.#path = `${directory}/docker-init`;
    this.#label = label;
  }

  path(): string {
    if (!this.#written) {
      writeFileAtomic(this.#path, readFileSync(shimPath), { mode: 0o755, durable: false });
      if (this.#label !== undefined) setFileLabel(this.#path, this.#label);
    }
    this.#written = true;
    return this.#path;
  }
}
