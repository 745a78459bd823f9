/**
 * nf_tables rule expressions as data, named as in linux/netfilter/nf_tables.h. A rule is a list of them, run in order over
 * a register file; one that does not match ends the rule. Registers here are the sixteen 32-bit slots, 0 to 15; a value
 * longer than four bytes takes the slots that follow (an interface name takes four), which is how concatenated keys are
 * built: each part in its slot, padded to four bytes.
 */
export type Expression =
  | { readonly kind: "meta"; readonly key: keyof typeof metaKeys; readonly into: Slot }
  | {
      readonly kind: "payload";
      readonly base: keyof typeof payloadBases;
      readonly offset: number;
      readonly length: number;
      readonly into: Slot;
    }
  | { readonly kind: "ct"; readonly key: keyof typeof ctKeys; readonly into: Slot }
  /** The destination port of the packet that began the connection, before any translation; network byte order. */
  | { readonly kind: "originalPort"; readonly into: Slot }
  /** Route lookup of an address of the packet: its type (RTN_LOCAL = 2, …) as a host-order u32. */
  | { readonly kind: "fib"; readonly address: "saddr" | "daddr"; readonly into: Slot }
  | { readonly kind: "cmp"; readonly slot: Slot; readonly op: keyof typeof cmpOps; readonly value: Uint8Array }
  /** into = (from & mask) ^ xor. */
  | {
      readonly kind: "bitwise";
      readonly from: Slot;
      readonly into: Slot;
      readonly mask: Uint8Array;
      readonly xor: Uint8Array;
    }
  /** In a set: goes on when the key is found (or not, with `invert`). In a map: also loads the value; ends the rule without one. */
  | {
      readonly kind: "lookup";
      readonly set: string;
      readonly key: Slot;
      readonly into?: Slot | "verdict";
      readonly invert?: boolean;
    }
  | { readonly kind: "immediate"; readonly into: Slot; readonly value: Uint8Array }
  | { readonly kind: "verdict"; readonly verdict: Verdict }
  | { readonly kind: "counter" }
  /** Matches once more packets a second have come than `rate`, after the first `burst`. */
  | { readonly kind: "limitOver"; readonly rate: number; readonly burst: number }
  | { readonly kind: "setMark"; readonly from: Slot }
  | { readonly kind: "dnat" | "snat"; readonly family: "ip" | "ip6"; readonly address: Slot; readonly port?: Slot }
  | { readonly kind: "masquerade" }
  /** Send a copy to the neighbour at `address` by the interface whose index `device` holds; ip and ip6 tables only. */
  | { readonly kind: "dup"; readonly address: Slot; readonly device: Slot }
  | { readonly kind: "redirect"; readonly port?: Slot };

/** 0 to 15. */
export type Slot = number;

export type Verdict =
  | { readonly code: "accept" | "drop" | "continue" | "return" }
  | { readonly code: "jump" | "goto"; readonly chain: string };

export const metaKeys = {
  /** EtherType, network byte order. */
  protocol: 1,
  mark: 3,
  iif: 4,
  oif: 5,
  iifname: 6,
  oifname: 7,
  nfproto: 15,
  l4proto: 16,
  iifkind: 26,
  oifkind: 27,
} as const;
export const payloadBases = { link: 0, network: 1, transport: 2 } as const;
export const ctKeys = { state: 0, direction: 1, status: 2, mark: 3 } as const;
export const cmpOps = { eq: 0, neq: 1, lt: 2, lte: 3, gt: 4, gte: 5 } as const;

/** Bits of `ct state` and `ct status` (linux/netfilter/nf_conntrack_common.h). */
export const CT_STATE_ESTABLISHED = 2;
export const CT_STATE_RELATED = 4;
export const CT_STATUS_DNAT = 1 << 5;
