import type { SupervisedProcess } from "#runtime/types.ts";
import { BerthError } from "#base/errors.ts";
import type { ExecRow, ExecRows } from "../ports.ts";
import type { ExecStatus } from "./status.ts";

/** Execs with a process this engine watches; the rows are the truth, these are the handles. */
export class ExecRegistry {
  readonly #rows: ExecRows;
  readonly #processes = new Map<string, SupervisedProcess>();

  constructor(deps: { readonly rows: ExecRows }) {
    this.#rows = deps.rows;
  }

  /** `not-found` "No such exec instance: X". */
  find(id: string): ExecRow {
    const row = this.#rows.get(id);
    if (row === undefined) throw new BerthError("not-found", `No such exec instance: ${id}`);
    return row;
  }

  has(id: string): boolean {
    return this.#rows.get(id) !== undefined;
  }

  insert(row: ExecRow): void {
    this.#rows.insert(row);
  }

  setStatus(id: string, status: ExecStatus): void {
    this.#rows.setStatus(id, status);
  }

  ofContainer(containerId: string): readonly ExecRow[] {
    return this.#rows.ofContainer(containerId);
  }

  delete(id: string): void {
    this.#rows.delete(id);
  }

  process(id: string): SupervisedProcess | undefined {
    return this.#processes.get(id);
  }

  hold(id: string, process: SupervisedProcess): void {
    this.#processes.set(id, process);
  }

  release(id: string): void {
    this.#processes.get(id)?.detach();
    this.#processes.delete(id);
  }
}
