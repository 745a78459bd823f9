import { BerthError } from "#base/errors.ts";
import { parseBytes } from "#base/units.ts";

/** Options of the `local` driver, in mount(8)'s terms: what is to be mounted as the volume, and how large it may grow. */
export interface LocalOptions {
  /** Undefined for a plain directory. */
  readonly mount: { readonly type: string; readonly device: string; readonly o: string } | undefined;
  readonly sizeBytes: number | undefined;
}

const needs: Readonly<Record<string, readonly string[]>> = {
  device: ["type"],
  type: ["device"],
  o: ["device", "type"],
  size: [],
};

/** `invalid-parameter` in Docker's words for an option that is not known or one that misses another. */
export function parseLocalOptions(volume: string, options: Readonly<Record<string, string>>): LocalOptions {
  const bad = (why: string): BerthError => new BerthError("invalid-parameter", `create ${volume}: ${why}`);
  for (const name of Object.keys(options)) if (!Object.hasOwn(needs, name)) throw bad(`invalid option: "${name}"`);
  for (const name of ["o", "type", "device"]) {
    if (options[name] === undefined) continue;
    for (const other of needs[name] ?? [])
      if (options[other] === undefined) throw bad(`missing required option: "${other}"`);
  }
  const { type, device, o = "" } = options;
  // docker-compat: options that say nothing are a plain directory.
  const plain = type === undefined || device === undefined || (type === "" && device === "" && o === "");
  return {
    mount: plain ? undefined : { type, device, o },
    sizeBytes: options["size"] === undefined ? undefined : sizeOf(options["size"], bad),
  };
}

/** docker-compat: 0 is no limit. */
function sizeOf(text: string, bad: (why: string) => BerthError): number | undefined {
  try {
    const bytes = parseBytes(text);
    if (bytes >= 0) return bytes === 0 ? undefined : bytes;
  } catch {
    // Told below, in Docker's words.
  }
  throw bad(`invalid size: '${text}'`);
}
