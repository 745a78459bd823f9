import { parseIp } from "../netlink/address.ts";
import type { Expression, Slot, Verdict } from "./expression.ts";

/** The sentences rules are made of: each returns the expressions of one match or action, and reads like nft's language. */
export function iifname(name: string, op: "eq" | "neq" = "eq"): Expression[] {
  return [
    { kind: "meta", key: "iifname", into: 0 },
    { kind: "cmp", slot: 0, op, value: interfaceName(name) },
  ];
}

export function oifname(name: string, op: "eq" | "neq" = "eq"): Expression[] {
  return [
    { kind: "meta", key: "oifname", into: 0 },
    { kind: "cmp", slot: 0, op, value: interfaceName(name) },
  ];
}

/** Every interface whose name begins with `prefix`. */
export function oifnamePrefix(prefix: string): Expression[] {
  return [
    { kind: "meta", key: "oifname", into: 0 },
    { kind: "cmp", slot: 0, op: "eq", value: encoder.encode(prefix) },
  ];
}

export function iifnameIn(set: string): Expression[] {
  return [
    { kind: "meta", key: "iifname", into: 0 },
    { kind: "lookup", set, key: 0 },
  ];
}

export function oifnameIn(set: string): Expression[] {
  return [
    { kind: "meta", key: "oifname", into: 0 },
    { kind: "lookup", set, key: 0 },
  ];
}

/** Only packets of this family go on: for tables that see both. */
export function isIp(family: 4 | 6): Expression[] {
  return [
    { kind: "meta", key: "nfproto", into: 0 },
    { kind: "cmp", slot: 0, op: "eq", value: Uint8Array.of(family === 4 ? NFPROTO_IPV4 : NFPROTO_IPV6) },
  ];
}

/** Source or destination address in `subnet` (CIDR). In a table that sees both families, behind {@link isIp}. */
export function ipIn(which: "saddr" | "daddr", subnet: string, op: "eq" | "neq" = "eq"): Expression[] {
  const [text = "", length = ""] = subnet.split("/");
  const address = parseIp(text);
  const prefixLength = Number(length);
  const load = loadIpAddress(which, 0, address.length === 16 ? 6 : 4);
  const mask = address.map((_, index) => 0xff & ~(0xff >> Math.min(8, Math.max(0, prefixLength - index * 8))));
  const value = address.map((byte, index) => byte & (mask[index] ?? 0));
  if (prefixLength === address.length * 8) return [load, { kind: "cmp", slot: 0, op, value }];
  return [
    load,
    { kind: "bitwise", from: 0, into: 0, mask, xor: new Uint8Array(address.length) },
    { kind: "cmp", slot: 0, op, value },
  ];
}

/** The destination is an address of this host. */
export function toLocalAddress(): Expression[] {
  return [
    { kind: "fib", address: "daddr", into: 0 },
    { kind: "cmp", slot: 0, op: "eq", value: hostU32(2) },
  ];
}

/** Any of the bits of `ct state`. */
export function ctState(bits: number): Expression[] {
  return ctBits("state", bits);
}

/** Any of the bits of `ct status`. */
export function ctStatus(bits: number): Expression[] {
  return ctBits("status", bits);
}

/** An IPv6 address takes four slots. */
export function loadIpAddress(which: "saddr" | "daddr", into: Slot, family: 4 | 6 = 4): Expression {
  const [saddr, daddr, length] = family === 4 ? [12, 16, 4] : [8, 24, 16];
  return { kind: "payload", base: "network", offset: which === "saddr" ? saddr : daddr, length, into };
}

/** TCP, UDP and SCTP all have their destination port there. */
export function loadDestinationPort(into: Slot): Expression {
  return { kind: "payload", base: "transport", offset: 2, length: 2, into };
}

export function loadProtocol(into: Slot): Expression {
  return { kind: "meta", key: "l4proto", into };
}

export function verdict(code: "accept" | "drop" | "return"): Expression[] {
  return [{ kind: "verdict", verdict: { code } }];
}

export function jump(chain: string): Expression[] {
  return [{ kind: "verdict", verdict: { code: "jump", chain } satisfies Verdict }];
}

/** The kernel's 16-byte field, as keys of sets of interface names and of whole-name comparisons. */
export function interfaceName(name: string): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set(encoder.encode(name).subarray(0, 15));
  return bytes;
}

export function hostU32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function ctBits(key: "state" | "status", bits: number): Expression[] {
  return [
    { kind: "ct", key, into: 0 },
    { kind: "bitwise", from: 0, into: 0, mask: hostU32(bits), xor: new Uint8Array(4) },
    { kind: "cmp", slot: 0, op: "neq", value: new Uint8Array(4) },
  ];
}

const NFPROTO_IPV4 = 2;
const NFPROTO_IPV6 = 10;
const encoder = new TextEncoder();
