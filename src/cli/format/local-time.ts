/** Times as Go prints them in the local zone: `2006-01-02 15:04:05 -0700 MST`. */
export function goLocalTime(unixMilliseconds: number): string {
  const date = new Date(unixMilliseconds);
  const day = `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${offset(date)} ${zoneName(date)}`;
}

/** RFC 3339 in the local zone with the fraction that `nanoseconds` has: `2006-01-02T15:04:05.123456789+02:00`. */
export function localTimestamp(unixNanoseconds: bigint): string {
  const date = new Date(Number(unixNanoseconds / 1_000_000n));
  const fraction = (unixNanoseconds % 1_000_000_000n).toString().padStart(9, "0");
  const zone = offset(date);
  const suffix = zone === "+0000" ? "Z" : `${zone.slice(0, 3)}:${zone.slice(3)}`;
  const day = `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${fraction}${suffix}`;
}

/** RFC 3339 with seconds in the local zone. */
export function localSeconds(unixSeconds: number): string {
  return localTimestamp(BigInt(unixSeconds) * 1_000_000_000n).replace(/\.\d+/, "");
}

function offset(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.trunc(size / 60))}${two(size % 60)}`;
}

function zoneName(date: Date): string {
  const name = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" })
    .formatToParts(date)
    .find(({ type }) => type === "timeZoneName")?.value;
  // Zones without a short English name carry their offset.
  return name === undefined || name.startsWith("GMT") ? offset(date).replace(/00$/, "") : name;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
