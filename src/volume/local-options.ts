import { BerthError } from "#base/errors.ts";

/** Options of the `local` driver: what is to be mounted as the volume, in mount(8)'s terms. */
export interface LocalOptions {
  readonly type: string;
  readonly device: string;
  /** Comma-separated. */
  readonly o: string;
}

const needs: Readonly<Record<string, readonly string[]>> = {
  device: ["type"],
  type: ["device"],
  o: ["device", "type"],
};

/**
 * Undefined for a plain directory. `invalid-parameter` in Docker's words for an option that is not known or one that
 * misses another.
 */
export function parseLocalOptions(volume: string, options: Readonly<Record<string, string>>): LocalOptions | undefined {
  const bad = (why: string): BerthError => new BerthError("invalid-parameter", `create ${volume}: ${why}`);
  for (const name of Object.keys(options)) if (!Object.hasOwn(needs, name)) throw bad(`invalid option: "${name}"`);
  for (const name of ["o", "type", "device"]) {
    if (options[name] === undefined) continue;
    for (const other of needs[name] ?? [])
      if (options[other] === undefined) throw bad(`missing required option: "${other}"`);
  }
  const { type, device, o = "" } = options;
  return type === undefined || device === undefined ? undefined : { type, device, o };
}
