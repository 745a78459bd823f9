import { BerthError } from "#base/errors.ts";
import type { ExecRegistry } from "./exec.ts";

/** `POST /exec/{id}/resize`. `invalid-parameter` when it does not run. */
export function resizeExec(deps: { readonly execs: ExecRegistry }) {
  return async (id: string, size: { readonly rows: number; readonly columns: number }): Promise<void> => {
    const { spec } = deps.execs.find(id);
    const process = deps.execs.process(id);
    if (process === undefined) throw new BerthError("invalid-parameter", `exec process is not started: ${id}`);
    if (spec.Tty) await process.resize(size.rows, size.columns);
  };
}
