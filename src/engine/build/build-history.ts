import { BerthError, messageOf } from "#base/errors.ts";
import { randomHex } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import { decodeBuildHistoryEntry, type BuildHistoryEntry, type ImportedBuild } from "#spec/berth/build-history.ts";
import type { EngineBuildRequest } from "./build-request.ts";
import { BuildRecorder } from "./build-recorder.ts";

/** Rows and logs of builds; implemented by `state/build-history-store.ts`. */
export interface BuildHistoryRows {
  put(entry: BuildHistoryEntry): void;
  all(): readonly BuildHistoryEntry[];
  writeLog(id: string, text: string): void;
  log(id: string): string;
  delete(id: string): boolean;
  reconcile(): void;
}

/** What there is to remember of one build. */
export type BuildNotes = Pick<BuildRecorder, "see" | "plan" | "end">;

const INTERRUPTED = "the engine ended before the build";

/** Builds that go on and that were. */
export class BuildHistory {
  readonly #rows: BuildHistoryRows;
  readonly #log: Log;
  /** Of builds that go on, and of those whose end is not written yet. */
  readonly #recorders = new Map<string, BuildRecorder>();

  constructor(deps: { readonly buildHistory: BuildHistoryRows; readonly log: Log }) {
    this.#rows = deps.buildHistory;
    this.#log = deps.log;
  }

  /** Call before the first build: what an engine that was killed left as running is over. */
  reconcile(): void {
    for (const entry of this.#rows.all()) {
      if (entry.status !== "running") continue;
      const error = { message: INTERRUPTED, hint: "", exitCode: null, file: "", line: 0, excerpt: "" };
      this.#rows.put({ ...entry, status: "canceled", completedAt: entry.createdAt, error });
    }
    this.#rows.reconcile();
  }

  /**
   * A build begins. It is remembered though the engine were killed meanwhile. What becomes of it in one turn of the event loop
   * is written at once, behind that turn: nobody who waits for a build waits for its notes.
   */
  begin(request: EngineBuildRequest): BuildNotes {
    const id = randomHex(12);
    const recorder = new BuildRecorder(id, request, Date.now);
    let isDue = false;
    const note = (): void => {
      if (isDue) return;
      isDue = true;
      setImmediate(() => {
        isDue = false;
        this.#write(recorder);
      });
    };
    this.#recorders.set(id, recorder);
    note();
    return {
      see: (event) => recorder.see(event),
      plan: (platforms) => recorder.plan(platforms),
      end: (outcome) => {
        recorder.end(outcome);
        note();
      },
    };
  }

  #write(recorder: BuildRecorder): void {
    const { entry } = recorder;
    // Somebody may have had it forgotten meanwhile.
    if (!this.#recorders.has(entry.id)) return;
    const isOver = entry.status !== "running";
    try {
      this.#rows.put(entry);
      if (isOver) this.#rows.writeLog(entry.id, recorder.log);
    } catch (error) {
      // A full disk must not end a build.
      this.#log.warn("could not note a build", { build: entry.id, error: messageOf(error) });
    }
    if (isOver) this.#recorders.delete(entry.id);
  }

  /** The newest first. */
  list(): readonly BuildHistoryEntry[] {
    const now = new Map([...this.#recorders].map(([id, { entry }]) => [id, entry]));
    const all = [...[...now.values()].toReversed(), ...this.#rows.all().filter(({ id }) => !now.has(id))];
    // Those of other engines were noted later than they began.
    return all.toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  }

  /**
   * Take a build of another engine, and what it said, a `BuildLine` a line. Nothing changes when it is known.
   * `invalid-parameter` for what is none.
   */
  import(value: unknown, log: string): ImportedBuild {
    const entry = orInvalid(() => decodeBuildHistoryEntry(value));
    orInvalid(() => {
      for (const line of log.split("\n")) if (line !== "") JSON.parse(line);
    });
    const { id } = entry;
    if (this.list().some((known) => known.id === id)) return { Id: id, Added: false };
    this.#rows.put(entry);
    this.#rows.writeLog(id, log);
    return { Id: id, Added: true };
  }

  /** By its id or the beginning of one. `not-found`, `invalid-parameter` when several begin so. */
  find(reference: string): BuildHistoryEntry {
    const all = this.list().filter(({ id }) => id.startsWith(reference));
    const [entry] = all;
    if (entry === undefined || reference === "")
      throw new BerthError("not-found", `no record found for ${JSON.stringify(reference)}`);
    if (all.length > 1)
      throw new BerthError("invalid-parameter", `multiple records found for ${JSON.stringify(reference)}`);
    return entry;
  }

  /** What it said, a `BuildLine` a line. */
  logOf(reference: string): string {
    const { id } = this.find(reference);
    return this.#recorders.get(id)?.log ?? this.#rows.log(id);
  }

  /** `conflict` while it goes on. */
  remove(reference: string): BuildHistoryEntry {
    const entry = this.find(reference);
    if (entry.status === "running") throw new BerthError("conflict", `build ${entry.id} is still running`);
    this.#forget(entry);
    return entry;
  }

  /** Forget all that are over. */
  removeAll(): readonly BuildHistoryEntry[] {
    const over = this.list().filter(({ status }) => status !== "running");
    for (const entry of over) this.#forget(entry);
    return over;
  }

  #forget({ id }: BuildHistoryEntry): void {
    this.#recorders.delete(id);
    this.#rows.delete(id);
  }
}

function orInvalid<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new BerthError("invalid-parameter", `this is no build that was: ${messageOf(error)}`, { cause: error });
  }
}
