import type { SupervisedProcess } from "#runtime/types.ts";
import { BerthError } from "#base/errors.ts";
import type { ExecRow, ExecRows } from "../ports.ts";
import type { ExecStatus } from "./status.ts";

/**
 * Every exec of this engine, in memory and as rows, with the processes it watches. A change is written to the row first
 * and seen by others then, so what anyone was told survives a crash.
 */
export class ExecRegistry {
  readonly #rows: ExecRows;
  readonly #byId = new Map<string, ExecRow>();
  /** In order of creation. */
  readonly #byContainer = new Map<string, Set<string>>();
  readonly #processes = new Map<string, SupervisedProcess>();
  /** Being started or started, and not over. */
  readonly #begun = new Set<string>();

  constructor(deps: { readonly rows: ExecRows }) {
    this.#rows = deps.rows;
    for (const row of deps.rows.list()) this.#hold(row);
  }

  /** `not-found` "No such exec instance: X". */
  find(id: string): ExecRow {
    const row = this.#byId.get(id);
    if (row === undefined) throw new BerthError("not-found", `No such exec instance: ${id}`);
    return row;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** Together with the end of those in whose place it comes. */
  insert(row: ExecRow, instead: readonly string[] = []): void {
    this.#rows.insert(row, instead);
    for (const id of instead) {
      this.#byId.delete(id);
      this.#byContainer.get(row.containerId)?.delete(id);
    }
    this.#hold(row);
  }

  /** Nothing when it went with its container meanwhile. */
  setStatus(id: string, status: ExecStatus): void {
    const row = this.#byId.get(id);
    if (row === undefined) return;
    this.#rows.setStatus(id, status);
    this.#byId.set(id, { ...row, status });
  }

  /** undefined until it has ended, or when it is not there any more. */
  exitCode(id: string): number | undefined {
    const status = this.#byId.get(id)?.status;
    return status?.state === "exited" ? status.exitCode : undefined;
  }

  /** In order of creation. */
  ofContainer(containerId: string): readonly ExecRow[] {
    return [...(this.#byContainer.get(containerId) ?? [])].map((id) => this.find(id));
  }

  /** The container's row is gone, and those of its execs with it. */
  forget(containerId: string): void {
    for (const id of this.#byContainer.get(containerId) ?? []) {
      this.release(id);
      this.#byId.delete(id);
    }
    this.#byContainer.delete(containerId);
  }

  #hold(row: ExecRow): void {
    this.#byId.set(row.id, row);
    const others = this.#byContainer.get(row.containerId);
    if (others === undefined) this.#byContainer.set(row.containerId, new Set([row.id]));
    else others.add(row.id);
  }

  /** Somebody is about to start it, and nobody else may. */
  begin(id: string): void {
    this.#begun.add(id);
  }

  hasBegun(id: string): boolean {
    return this.#begun.has(id);
  }

  process(id: string): SupervisedProcess | undefined {
    return this.#processes.get(id);
  }

  hold(id: string, process: SupervisedProcess): void {
    this.#processes.set(id, process);
    this.#begun.add(id);
  }

  /** It is over. */
  release(id: string): void {
    this.#processes.get(id)?.detach();
    this.#processes.delete(id);
    this.#begun.delete(id);
  }
}
