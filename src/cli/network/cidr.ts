import { isIp, isIpv4 } from "#base/ip-address.ts";

interface Address {
  readonly value: bigint;
  readonly bits: 32 | 128;
}

/**
 * True when `item`, an address or a CIDR, lies in `subnet`. IPv4 addresses written as IPv6 count as IPv4. What is no CIDR is
 * told in docker's words; what is no address lies nowhere.
 */
export function inSubnet(subnet: string, item: string): boolean {
  const { address, prefix } = parseCidr(subnet, "invalid subnet: ");
  const inner = item.includes("/") ? parseCidr(item, "").address : isIp(item) ? parseAddress(item) : undefined;
  if (inner === undefined || inner.bits !== address.bits) return false;
  const shift = BigInt(address.bits - prefix);
  return inner.value >> shift === address.value >> shift;
}

function parseCidr(text: string, prefixOfError: string): { readonly address: Address; readonly prefix: number } {
  const slash = text.indexOf("/");
  const [ip, length] = [text.slice(0, slash), text.slice(slash + 1)];
  const width = isIpv4(ip) ? 32 : 128;
  if (slash === -1 || !isIp(ip) || !/^\d{1,3}$/.test(length) || Number(length) > width)
    throw new Error(`${prefixOfError}invalid CIDR address: ${text}`);
  const address = parseAddress(ip);
  return { address, prefix: Math.max(0, Number(length) - (width - address.bits)) };
}

function parseAddress(text: string): Address {
  if (isIpv4(text)) return { value: quad(text), bits: 32 };
  const value = groups(text);
  return value >> 32n === 0xffffn ? { value: value & 0xffffffffn, bits: 32 } : { value, bits: 128 };
}

function quad(text: string): bigint {
  return text.split(".").reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function groups(text: string): bigint {
  const plain = text.replace(/[\d.]+\.[\d.]+$/, (tail) => {
    const value = quad(tail);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = [], tail] = plain.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - head.length - tail.length }, () => "0");
  return [...head, ...zeros, ...(tail ?? [])].reduce((value, group) => value * 65536n + BigInt(`0x${group}`), 0n);
}
