import { BerthError } from "#base/errors.ts";

/** Network byte order. `invalid-parameter` for anything but four decimal numbers. */
export function parseIpv4(text: string): Uint8Array {
  const parts = text.split(".");
  const bytes = Uint8Array.from(parts, Number);
  const plain =
    parts.length === 4 && parts.every((part, index) => /^\d{1,3}$/.test(part) && Number(part) === bytes[index]);
  if (!plain) throw new BerthError("invalid-parameter", `invalid IPv4 address: ${text}`);
  return bytes;
}

export function formatIpv4(bytes: Uint8Array): string {
  return bytes.subarray(0, 4).join(".");
}

/** RFC 4291, section 2.2, network byte order. `invalid-parameter` for anything else; no zones. */
export function parseIpv6(text: string): Uint8Array {
  const bad = new BerthError("invalid-parameter", `invalid IPv6 address: ${text}`);
  const tail = /^(.*:)(\d{1,3}(?:\.\d{1,3}){3})$/.exec(text);
  const four = tail === null ? undefined : parseIpv4(tail[2] ?? "");
  const groupsText = four === undefined ? text : `${tail?.[1]}${hex(four[0], four[1])}:${hex(four[2], four[3])}`;
  const halves = groupsText.split("::");
  if (halves.length > 2) throw bad;
  const [front = [], back = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - front.length - back.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) throw bad;
  const groups = [...front, ...Array.from({ length: missing }, () => "0"), ...back];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) throw bad;
  return Uint8Array.from(
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]),
  );
}

/** The canonical text (RFC 5952) of sixteen bytes: lower case, the longest run of two or more zero groups as "::". */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => hex(bytes[2 * index], bytes[2 * index + 1]));
  if (groups.slice(0, 5).every((group) => group === "0") && groups[5] === "ffff")
    return `::ffff:${formatIpv4(bytes.subarray(12))}`;
  const [longest = ""] = (groups.join(":").match(/\b0(?::0)+\b/g) ?? []).toSorted((a, b) => b.length - a.length);
  if (longest === "") return groups.join(":");
  return groups.join(":").replace(new RegExp(`(^|:)${longest}(:|$)`), "::");
}

/** Four or sixteen bytes; `invalid-parameter` for what is no address. */
export function parseIp(text: string): Uint8Array {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

export function formatIp(bytes: Uint8Array): string {
  return bytes.length === 16 ? formatIpv6(bytes) : formatIpv4(bytes);
}

const hex = (high = 0, low = 0): string => ((high << 8) | low).toString(16);

/** "02:42:ac:11:00:02" as six bytes; `invalid-parameter` otherwise. */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) {
    throw new BerthError("invalid-parameter", `invalid MAC address: ${text}`);
  }
  return Uint8Array.from(text.split(/[:-]/), (byte) => Number.parseInt(byte, 16));
}

export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}
