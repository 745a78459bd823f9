const unitNs: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 6e10,
  h: 3.6e12,
  d: 8.64e13,
  w: 6.048e14,
};

/**
 * Nanoseconds of `1h5m30s20ms`, `1.5s`, `-1m` or `0`, with days and weeks besides what Go knows; undefined when it is none
 * (Compose Specification, 11-extension.md).
 */
export function parseDuration(text: string): number | undefined {
  const match = /^([-+]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h|d|w))+|0)$/u.exec(text);
  if (match === null) return undefined;
  let total = 0;
  for (const [, count, unit] of (match[2] ?? "").matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h|d|w)/gu))
    total += Number(count) * (unitNs[unit ?? ""] ?? 0);
  return match[1] === "-" ? -total : total;
}
