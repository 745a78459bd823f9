import { parseIpv4, parseIpv6 } from "#host/netlink/address.ts";
import { recordTypes, type ResourceRecord } from "./message.ts";
import type { Addresses } from "./name-table.ts";

/** docker-compat: as long as Docker's own answers may be kept. */
export const TTL_SECONDS = 600;

/** What a name with these addresses has of this type. Of types that are not an address's, and not "any", nothing. */
export function addressRecords(type: number, { ipv4, ipv6 }: Addresses): readonly ResourceRecord[] {
  const isAsked = (one: number): boolean => type === one || type === recordTypes.any;
  return [
    ...(isAsked(recordTypes.a) ? ipv4.map((text) => record(recordTypes.a, parseIpv4(text))) : []),
    ...(isAsked(recordTypes.aaaa) ? ipv6.map((text) => record(recordTypes.aaaa, parseIpv6(text))) : []),
  ];
}

function record(type: number, data: Uint8Array): ResourceRecord {
  return { type, ttlSeconds: TTL_SECONDS, data };
}
