/**
 * Builds that were: `GET /berth/builds` and `GET /berth/builds/{id}` answer {@link BuildHistoryEntry}s, the newest first;
 * `GET /berth/builds/{id}/logs` what was said then, a `BuildLine` a line; `DELETE` of both paths forgets.
 */
export interface BuildHistoryEntry {
  readonly id: string;
  /** For people: of the context and the target. */
  readonly name: string;
  readonly status: BuildStatus;
  /** RFC 3339. */
  readonly createdAt: string;
  /** RFC 3339; null while it goes on. */
  readonly completedAt: string | null;
  /** Until now while it goes on. */
  readonly durationMs: number;
  /** Path, address, or what else the context was. */
  readonly context: string;
  readonly dockerfile: string;
  readonly target: string;
  readonly platforms: readonly string[];
  readonly tags: readonly string[];
  /** But for proxies, whose values may hold passwords. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** In the graph's order. */
  readonly steps: readonly BuildHistoryStep[];
  /** Ids of what was made in the store. */
  readonly images: readonly string[];
  readonly error: BuildHistoryError | null;
}

export type BuildStatus = "running" | "completed" | "error" | "canceled";

export interface BuildHistoryStep {
  readonly name: string;
  /** `unused`: nobody had to look at it. */
  readonly state: "unused" | "running" | "cached" | "ran" | "failed" | "canceled";
  readonly durationMs: number;
}

export interface BuildHistoryError {
  readonly message: string;
  readonly hint: string;
  /** Of the command that failed; null when it was none. */
  readonly exitCode: number | null;
  /** "" and 0 when it is about no place of the Dockerfile. */
  readonly file: string;
  readonly line: number;
  /** The Dockerfile's lines about the place, as text. */
  readonly excerpt: string;
}

const statuses: readonly unknown[] = ["running", "completed", "error", "canceled"];

/** Throws for what cannot be shown as one. */
export function validateBuildHistoryEntry(value: unknown): BuildHistoryEntry {
  const entry = value as Partial<Record<keyof BuildHistoryEntry, unknown>> | null;
  const isOne =
    typeof entry === "object" &&
    entry !== null &&
    statuses.includes(entry.status) &&
    [entry.id, entry.name, entry.createdAt].every((text) => typeof text === "string") &&
    [entry.steps, entry.platforms, entry.tags, entry.images].every((list) => Array.isArray(list));
  if (!isOne) throw new TypeError("no entry of the builds' history");
  return value as BuildHistoryEntry;
}
