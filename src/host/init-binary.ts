import { readFileSync } from "node:fs";

import shimPath from "../../dist/berth-shim" with { type: "file" };
import { writeFileAtomic } from "./files.ts";

/**
 * The program that is pid 1 in containers with `--init`, as a file that can be bound into them: written on first use, anew
 * by every engine, in `directory`. Containers that run keep the file they have.
 */
export class InitBinary {
  readonly #path: string;
  #written = false;

  constructor(directory: string) {
    this.#path = `${directory}/docker-init`;
  }

  path(): string {
    if (!this.#written) writeFileAtomic(this.#path, readFileSync(shimPath), { mode: 0o755, durable: false });
    this.#written = true;
    return this.#path;
  }
}
