import { BerthError } from "#base/errors.ts";
import type { PullFailure } from "#spec/berth/why-pull.ts";
import type { EngineDeps } from "../engine-deps.ts";
import type { ContainerRow, ExecRow, ExitRow } from "../ports.ts";

/** What the fake keeps, for tests to look at and to set. */
export interface FakeRowState {
  readonly rows: Map<string, ContainerRow>;
  readonly execRows: Map<string, ExecRow>;
  /** Newest first. */
  readonly exits: ExitRow[];
  /** Thrown by every change of a container's row or of its ends. */
  diskFailure: BerthError | undefined;
}

/** The database's tables of containers and of what became of them. */
export function fakeRows(
  state: FakeRowState,
): Pick<EngineDeps, "containers" | "execs" | "exits" | "schedules" | "pullFailures"> {
  return {
    containers: containerRows(state),
    execs: execRows(state),
    exits: exitRows(state),
    schedules: { insert: () => {}, finish: () => {}, ofName: () => [], running: () => [] },
    pullFailures: pullFailureRows(),
  };
}

function mayWrite({ diskFailure }: FakeRowState): void {
  if (diskFailure !== undefined) throw diskFailure;
}

function containerRows(state: FakeRowState): EngineDeps["containers"] {
  const { rows } = state;
  const named = (name: string): boolean => [...rows.values()].some((row) => row.name === name);
  return {
    list: () => [...rows.values()].toReversed(),
    insert: (row) => {
      if (rows.has(row.id) || named(row.name)) throw new BerthError("already-exists", row.name);
      rows.set(row.id, structuredClone(row));
    },
    update: (id, change) => {
      mayWrite(state);
      const row = rows.get(id);
      if (row === undefined) throw new BerthError("not-found", id);
      rows.set(id, structuredClone({ ...row, ...change }));
    },
    delete: (id) => {
      mayWrite(state);
      return rows.delete(id);
    },
  };
}

function execRows({ execRows: rows }: FakeRowState): EngineDeps["execs"] {
  return {
    list: () => [...rows.values()],
    insert: (row, instead) => {
      for (const id of instead) rows.delete(id);
      rows.set(row.id, row);
    },
    setStatus: (id, status) => {
      const row = rows.get(id);
      if (row !== undefined) rows.set(id, { ...row, status });
      return row !== undefined;
    },
  };
}

function exitRows(state: FakeRowState): EngineDeps["exits"] {
  const { exits } = state;
  return {
    insert: (row) => {
      mayWrite(state);
      exits.unshift(row);
    },
    ofContainer: (id) => exits.filter(({ containerId }) => containerId === id),
    newestMs: (id) => exits.find(({ containerId }) => containerId === id)?.finishedMs,
    find: (reference) => [
      ...new Set(
        exits
          .filter((row) => row.containerName === reference || row.containerId.startsWith(reference))
          .map(({ containerId }) => containerId),
      ),
    ],
  };
}

function pullFailureRows(): EngineDeps["pullFailures"] {
  const rows = new Map<string, PullFailure[]>();
  return {
    insert: (reference, failure) => void rows.set(reference, [failure, ...(rows.get(reference) ?? [])]),
    of: (reference) => rows.get(reference) ?? [],
    forget: (reference) => void rows.delete(reference),
  };
}
