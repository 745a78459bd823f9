/** Values of log options as Go reads them; all errors are `invalid-parameter` in Go's sentences. */
import { LinearRegexp } from "#base/regexp/linear-regexp.ts";
import { invalid, messageOf } from "#base/errors.ts";
import { parseBytes } from "#base/units.ts";

/** strconv.ParseBool. */
export function parseBool(text: string): boolean {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  throw invalid(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** strconv.Atoi. */
export function parseInteger(text: string): number {
  if (!/^[+-]?\d{1,18}$/.test(text)) throw invalid(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** strconv.ParseUint. */
export function parseUnsigned(text: string): number {
  if (!/^\d{1,18}$/.test(text)) throw invalid(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** regexp.Compile; the reason is this engine's own. */
export function parsePattern(text: string): LinearRegexp {
  try {
    return new LinearRegexp(text);
  } catch (error) {
    throw invalid(`${messageOf(error)}: \`${text}\``);
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
    throw invalid(`${prefix}${messageOf(error)}`);
  }
}
