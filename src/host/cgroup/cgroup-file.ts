import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync, writeSync } from "node:fs";
import { constants } from "node:fs";
import { BerthError } from "#base/errors.ts";
import { parseFlat, parseNumber } from "./parse-control.ts";

/** One value for one control file, with the words for the person when the kernel refuses it. */
export interface LimitWrite {
  readonly file: string;
  readonly value: string;
  /** What the person set, e.g. `memory limit`. */
  readonly limit: string;
  /** Named in the message when the file is missing, e.g. `memory`. */
  readonly controller: string;
}

/** The errno name of a failed node:fs call, "" for anything else. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** One write(2) without creating the file: control files judge each write by itself. Throws node's error. */
export function writeControl(path: string, value: string): void {
  const fd = openSync(path, constants.O_WRONLY);
  try {
    writeSync(fd, value);
  } finally {
    closeSync(fd);
  }
}

/** {@link writeControl} for many writes: files stay open until {@link close}. */
export class ControlWriter {
  readonly #open = new Map<string, number>();

  write(path: string, value: string): void {
    const fd = this.#open.get(path) ?? openSync(path, constants.O_WRONLY);
    this.#open.set(path, fd);
    writeSync(fd, value);
  }

  close(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }
}

/** {@link writeControl} with an error that names the limit and the value. */
export function applyLimit(directory: string, { file, value, limit, controller }: LimitWrite): void {
  try {
    writeControl(`${directory}/${file}`, value);
  } catch (error) {
    throw limitError(directory, { file, value, limit, controller }, error);
  }
}

export function limitError(
  directory: string,
  { file, value, limit, controller }: LimitWrite,
  error: unknown,
): BerthError {
  const code = errnoOf(error);
  if (code === "ENOENT") {
    const reason = existsSync(directory)
      ? `${controller} has no ${file} on this machine`
      : `the cgroup ${directory} does not exist`;
    return new BerthError("invalid-parameter", `cannot set the ${limit} to ${value}: ${reason}`, { cause: error });
  }
  if (code === "EBUSY" && file.startsWith("memory.")) {
    return new BerthError("conflict", `cannot set the ${limit} to ${value}: more than that is in use`, {
      cause: error,
    });
  }
  const kind = ["EINVAL", "ERANGE", "EOPNOTSUPP", "ENODEV", "ENOTSUP"].includes(code)
    ? "invalid-parameter"
    : "unavailable";
  return new BerthError(
    kind,
    `cannot set the ${limit} to ${value}: write ${file}: ${code === "" ? String(error) : code}`,
    { cause: error },
  );
}

/** Text of a control file without the last newline, undefined when it (or the group) is gone. */
export function readControl(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trimEnd();
  } catch (error) {
    if (["ENOENT", "ENODEV", "EOPNOTSUPP", "ENOTSUP"].includes(errnoOf(error))) return undefined;
    throw error;
  }
}

/** Number in a control file; `max` is -1, missing is undefined. */
export function readNumber(path: string): number | undefined {
  return parseNumber(readControl(path));
}

/** `key value` lines. */
export function readFlat(path: string): Readonly<Record<string, number>> | undefined {
  const text = readControl(path);
  return text === undefined ? undefined : parseFlat(text);
}

/**
 * Names of the groups right below `directory`; empty when it is gone. Its control files are many, and reading their names takes a
 * millisecond or two; its links tell of the usual group that has none below it: kernfs counts two and one for each.
 */
export function subgroups(directory: string): readonly string[] {
  try {
    if (statSync(directory).nlink === 2) return [];
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENODEV") return [];
    throw error;
  }
}

/** `directory` and all groups below it, the deepest first. */
export function groupTree(directory: string): readonly string[] {
  return [...subgroups(directory).flatMap((name) => groupTree(`${directory}/${name}`)), directory];
}
