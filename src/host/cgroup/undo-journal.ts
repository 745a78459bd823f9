import { readControl, writeControl } from "./cgroup-file.ts";

/** Files with a line for each device, of which a write changes one. */
const perDevice = /_device$|^io\.(?:max|weight|latency|bfq\.weight)$/u;

/** Files that cannot be read back as they are written. */
const writeOnly = new Set(["devices.allow", "devices.deny"]);

/** What control files said before they were written to, so that a change that is refused half-way leaves no half. */
export class UndoJournal {
  readonly #entries: { readonly path: string; readonly value: string }[] = [];

  /** Call before each write of `value` to `path`. */
  note(path: string, value: string): void {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const text = writeOnly.has(name) ? undefined : readControl(path);
    if (text !== undefined) this.#entries.push({ path, value: valueBefore(name, text, value) });
  }

  /** Put the old values back, the last one first. What cannot be put back stays as it is. */
  undo(): void {
    const entries = this.#entries.splice(0).toReversed();
    // Limits that bound each other may only go back in the other order; a group that is gone takes none, and the caller
    // has an error to tell already.
    for (const entry of entries.filter((first) => !putBack(first))) putBack(entry);
  }
}

function putBack({ path, value }: { readonly path: string; readonly value: string }): boolean {
  try {
    writeControl(path, value);
    return true;
  } catch {
    return false;
  }
}

/** What to write to `name`, which says `text` now, to undo a write of `value`. */
export function valueBefore(name: string, text: string, value: string): string {
  if (name === "memory.oom_control") return /^oom_kill_disable (\d)/mu.exec(text)?.[1] ?? "0";
  // An empty write is none: the kernel would not see it.
  if (!perDevice.test(name)) return text === "" ? "\n" : text;
  const [device = ""] = value.split(" ");
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${device} `));
  return line ?? `${device} ${withoutLimit(name)}`;
}

function withoutLimit(name: string): string {
  if (name === "io.max") return "rbps=max wbps=max riops=max wiops=max";
  return name === "io.weight" || name === "io.bfq.weight" ? "default" : "0";
}
