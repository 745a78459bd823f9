import { LinearRegexp } from "#base/regexp/linear-regexp.ts";
import { BerthError, messageOf } from "#base/errors.ts";
import { parseBytes } from "#base/units.ts";

/** Values of log options as Go reads them; all errors are `invalid-parameter` in Go's sentences. */
export const bad = (message: string): BerthError => new BerthError("invalid-parameter", message);

/** strconv.ParseBool. */
export function parseBool(text: string): boolean {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  throw bad(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** strconv.Atoi. */
export function parseInteger(text: string): number {
  if (!/^[+-]?\d{1,18}$/.test(text)) throw bad(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** strconv.ParseUint. */
export function parseUnsigned(text: string): number {
  if (!/^\d{1,18}$/.test(text)) throw bad(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** regexp.Compile; the reason is this engine's own. */
export function parsePattern(text: string): LinearRegexp {
  try {
    return new LinearRegexp(text);
  } catch (error) {
    throw bad(`${messageOf(error)}: \`${text}\``);
  }
}

/** Where a size is refused, Docker says in what. */
export function sizeOf(text: string, prefix = ""): number {
  return within(prefix, () => parseBytes(text));
}

export function within<T>(prefix: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw bad(`${prefix}${messageOf(error)}`);
  }
}
