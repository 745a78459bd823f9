import { BerthError } from "./errors.ts";

const binaryExponents = "bkmgtp";

/**
 * Bytes written as Docker's options take them: `64m`, `1.5GiB`, `1 kB`, `1024`. Units are powers of 1024, in any case,
 * with `b` or `ib` after the letter. The result is a whole number. `invalid-parameter` otherwise, in the sentences of
 * Docker's go-units.
 */
export function parseBytes(text: string): number {
  const match = /^(.*[0-9. ])([^0-9. ]*)$/s.exec(text);
  if (match === null) throw new BerthError("invalid-parameter", `invalid size: '${text}'`);
  const number = (match[1] as string).replace(/ $/, "");
  const suffix = match[2] as string;
  if (!/^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)$/.test(number)) {
    throw new BerthError("invalid-parameter", `strconv.ParseFloat: parsing ${JSON.stringify(number)}: invalid syntax`);
  }
  if (number.startsWith("-")) throw new BerthError("invalid-parameter", `invalid size: '${text}'`);
  if (!/^(b|[kmgtp](i?b)?)?$/i.test(suffix)) throw new BerthError("invalid-parameter", `invalid suffix: '${suffix}'`);
  const exponent = Math.max(0, binaryExponents.indexOf(suffix.slice(0, 1).toLowerCase()));
  const bytes = Math.trunc(Number(number) * 1024 ** exponent);
  if (bytes > Number.MAX_SAFE_INTEGER) throw new BerthError("invalid-parameter", `invalid size: '${text}'`);
  return bytes;
}

const decimalUnits = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
const binaryUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** `4.17MB`, powers of 1000, at most `digits` significant digits (Docker: 3 in most tables, 4 in progress bars). */
export function decimalSize(bytes: number, digits = 4): string {
  return scaled(bytes, 1000, decimalUnits, digits);
}

/** `3.977MiB`, powers of 1024, four significant digits. */
export function binarySize(bytes: number, digits = 4): string {
  return scaled(bytes, 1024, binaryUnits, digits);
}

function scaled(bytes: number, base: number, units: readonly string[], digits: number): string {
  let value = bytes;
  let index = 0;
  while (value >= base && index < units.length - 1) {
    value /= base;
    index++;
  }
  return `${significant(value, digits)}${units[index] ?? ""}`;
}

/** C's `%.<digits>g` for 0 <= value. */
function significant(value: number, digits: number): string {
  if (value === 0) return "0";
  const exponent = Number(value.toExponential(digits - 1).split("e")[1]);
  if (exponent < -4 || exponent >= digits) {
    const [mantissa, power] = Number(value.toPrecision(digits)).toExponential().split("e") as [string, string];
    const size = Math.abs(Number(power)).toString().padStart(2, "0");
    return `${mantissa}e${power.startsWith("-") ? "-" : "+"}${size}`;
  }
  return String(Number(value.toPrecision(digits)));
}

const durationUnits: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/**
 * Go's time.ParseDuration: `1h15m30.918s`, `-1.5h`, `0`; the result is nanoseconds. `invalid-parameter` with Go's
 * sentence otherwise.
 */
export function parseDuration(text: string): bigint {
  const refuse = (why: string): never => {
    throw new BerthError("invalid-parameter", `time: ${why}`);
  };
  const invalid = (): never => refuse(`invalid duration ${JSON.stringify(text)}`);
  const negative = text.startsWith("-");
  let rest = /^[-+]/.test(text) ? text.slice(1) : text;
  if (rest === "0") return 0n;
  if (rest === "") return invalid();
  let total = 0n;
  while (rest !== "") {
    const number = /^([0-9]*)(?:\.([0-9]*))?/.exec(rest);
    const whole = number?.[1] ?? "";
    const fraction = number?.[2] ?? "";
    if (whole === "" && fraction === "") return invalid();
    rest = rest.slice(number?.[0].length ?? 0);
    const unit = /^[^0-9.]+/.exec(rest)?.[0];
    if (unit === undefined) return refuse(`missing unit in duration ${JSON.stringify(text)}`);
    const nanoseconds = durationUnits[unit];
    if (nanoseconds === undefined) {
      return refuse(`unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`);
    }
    rest = rest.slice(unit.length);
    total += BigInt(whole || "0") * nanoseconds;
    if (fraction !== "") total += (BigInt(fraction) * nanoseconds) / 10n ** BigInt(fraction.length);
    if (total > 2n ** 63n - (negative ? 0n : 1n)) return invalid();
  }
  return negative ? -total : total;
}

/** Go's Duration.String: `1h15m30.918s`, `1.5ms`, `0s`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return "0s";
  const sign = nanoseconds < 0n ? "-" : "";
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (size < 1_000n) return `${sign}${size}ns`;
  if (size < 1_000_000n) return `${sign}${withFraction(size, 1_000n)}µs`;
  if (size < 1_000_000_000n) return `${sign}${withFraction(size, 1_000_000n)}ms`;
  const seconds = withFraction(size % 60_000_000_000n, 1_000_000_000n);
  const minutes = size / 60_000_000_000n;
  if (minutes === 0n) return `${sign}${seconds}s`;
  if (minutes < 60n) return `${sign}${minutes}m${seconds}s`;
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}s`;
}

function withFraction(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, "0")
    .replace(/0+$/, "");
  return fraction === "" ? `${value / unit}` : `${value / unit}.${fraction}`;
}

/** How long ago or for how long, in the words of Docker's tables: `About a minute`, `3 weeks`. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / 3600);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.trunc(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.trunc(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24 / 30)} months`;
  return `${Math.trunc(seconds / 3600 / 24 / 365)} years`;
}
