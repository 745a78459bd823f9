/** Textual addresses as Go's net package takes them. */

/** True for a dotted quad without leading zeros. */
export function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** True for an IPv6 address, `::` and an embedded IPv4 tail included; zones are not addresses here. */
export function isIpv6(text: string): boolean {
  if (!text.includes(":") || text.includes("%")) return false;
  let groups = text;
  let wanted = 8;
  const tail = /:([^:]*\.[^:]*)$/.exec(text)?.[1];
  if (tail !== undefined) {
    if (!isIpv4(tail)) return false;
    groups = `${text.slice(0, -tail.length)}0:0`;
  }
  const halves = groups.split("::");
  if (halves.length > 2) return false;
  const words = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  if (!words.every((word) => /^[0-9a-fA-F]{1,4}$/.test(word))) return false;
  if (halves.length === 2) wanted = words.length < 8 ? words.length : -1;
  return words.length === wanted;
}

export function isIp(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}
