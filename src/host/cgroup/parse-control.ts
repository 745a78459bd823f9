/** The texts of control files (kernel admin-guide/cgroup-v1 and cgroup-v2.rst), without their last newline. */

/** One number; `max` is -1, missing is undefined. */
export function parseNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return text === "max" ? -1 : Number(text);
}

/** `key value` lines. */
export function parseFlat(text: string): Readonly<Record<string, number>> {
  const out: Record<string, number> = {};
  for (const line of text.split("\n")) {
    const [key, value] = line.split(" ");
    if (key !== undefined && key !== "" && value !== undefined) out[key] = Number(value);
  }
  return out;
}
