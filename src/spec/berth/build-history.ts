/**
 * Builds that were: `GET /berth/builds` and `GET /berth/builds/{id}` answer {@link BuildHistoryEntry}s, the newest first;
 * `POST /berth/builds` takes one of another engine, a line, with its log behind it, and answers {@link ImportedBuild};
 * `GET /berth/builds/{id}/logs` what was said then, a `BuildLine` a line; `GET
 * /berth/builds/{id}/attachments?platform&type` the `AttestationStatement`s of what it made; `DELETE` of both paths forgets.
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

/** `Added`: it was not known before. */
export interface ImportedBuild {
  readonly Id: string;
  readonly Added: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * A build of another engine, of which nothing is believed: what has another form than {@link BuildHistoryEntry} or is not over
 * is refused with the name of the field.
 */
export function decodeBuildHistoryEntry(value: unknown): BuildHistoryEntry {
  const entry = fieldsOf(value, "the build");
  const status = oneOf(entry, "status", ["completed", "error", "canceled"] as const);
  const id = textOf(entry, "id");
  if (!/^[0-9a-f]{24}$/.test(id)) throw new TypeError("id is none of a build");
  const error = entry["error"];
  return {
    ...{ id, status, name: textOf(entry, "name"), context: textOf(entry, "context"), target: textOf(entry, "target") },
    createdAt: timeOf(entry, "createdAt"),
    completedAt: timeOf(entry, "completedAt"),
    durationMs: numberOf(entry, "durationMs"),
    dockerfile: textOf(entry, "dockerfile"),
    platforms: textsOf(entry, "platforms"),
    tags: textsOf(entry, "tags"),
    buildArgs: pairsOf(entry, "buildArgs"),
    labels: pairsOf(entry, "labels"),
    steps: listOf(entry, "steps").map((step): BuildHistoryStep => {
      const fields = fieldsOf(step, "a step");
      const state = oneOf(fields, "state", ["unused", "cached", "ran", "failed", "canceled"] as const);
      return { name: textOf(fields, "name"), state, durationMs: numberOf(fields, "durationMs") };
    }),
    images: textsOf(entry, "images"),
    error: error === null ? null : decodeError(fieldsOf(error, "error")),
  };
}

function decodeError(fields: Fields): BuildHistoryError {
  return {
    ...{ message: textOf(fields, "message"), hint: textOf(fields, "hint"), file: textOf(fields, "file") },
    exitCode: fields["exitCode"] === null ? null : numberOf(fields, "exitCode"),
    line: numberOf(fields, "line"),
    excerpt: textOf(fields, "excerpt"),
  };
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError(`${what} is no object`);
  return value as Fields;
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw new TypeError(`${name} is no text`);
  return value;
}

function timeOf(fields: Fields, name: string): string {
  const text = textOf(fields, name);
  if (!/^\d{4}-\d\d-\d\dT/.test(text) || Number.isNaN(Date.parse(text))) throw new TypeError(`${name} is no time`);
  return text;
}

function numberOf(fields: Fields, name: string): number {
  const value = fields[name];
  if (!Number.isSafeInteger(value)) throw new TypeError(`${name} is no whole number`);
  return value as number;
}

function listOf(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw new TypeError(`${name} is no list`);
  return value;
}

function textsOf(fields: Fields, name: string): readonly string[] {
  return listOf(fields, name).map((text) => textOf({ [name]: text }, name));
}

function pairsOf(fields: Fields, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(fieldsOf(fields[name], name)).map(([key, text]) => [key, textOf({ [name]: text }, name)]),
  );
}

function oneOf<T extends string>(fields: Fields, name: string, words: readonly T[]): T {
  const found = words.find((word) => word === fields[name]);
  if (found === undefined) throw new TypeError(`${name} is none of ${words.join(", ")}`);
  return found;
}
