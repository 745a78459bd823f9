import { lookup } from "node:dns/promises";

/** A host's first address, by the machine's own resolver; an address stays as it is. Rejects when nobody knows the name. */
export async function resolveHost(host: string): Promise<string> {
  return (await lookup(host)).address;
}
