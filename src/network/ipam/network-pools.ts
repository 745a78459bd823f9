import { BerthError } from "#base/errors.ts";
import { AddressAllocator } from "./address-allocator.ts";
import { addressNumber, addressText, parseCidr } from "./subnet.ts";
import type { Network } from "../network-rows.ts";
import { setAside } from "./plan-addresses.ts";
import type { Endpoint } from "../types.ts";

/** How many removed containers are remembered, to give one that is started again its old address. */
const REMEMBERED = 4096;

/** The free addresses of networks, by network id. */
export class NetworkPools {
  readonly #pools = new Map<string, AddressAllocator>();
  readonly #former = new Map<string, number>();

  /** Begin or begin anew, with the endpoints that are there. */
  open(network: Network, endpoints: readonly Endpoint[]): void {
    const { spec, lastAddress } = network;
    const { subnet } = parseCidr(spec.subnet);
    const own = endpoints.filter(({ networkId, ipv4 }) => networkId === network.id && ipv4 !== "");
    const taken = [...setAside(spec), ...own.map((endpoint) => addressNumber(endpoint.ipv4))];
    const last = lastAddress === "" ? undefined : addressNumber(lastAddress);
    const { ipRange } = spec.addresses;
    const range = ipRange === "" ? subnet : parseCidr(ipRange).subnet;
    this.#pools.set(network.id, new AddressAllocator(subnet, taken, last, range));
  }

  close(networkId: string): void {
    this.#pools.delete(networkId);
  }

  /** `wanted` or a free one, that of the container's last run if possible. */
  take(networkId: string, containerId: string, wanted: string): string {
    const pool = this.#pools.get(networkId);
    if (pool === undefined) throw new BerthError("internal", "the networks are used before reconcile or after close");
    if (wanted !== "") return addressText(pool.claim(addressNumber(wanted)));
    return addressText(pool.allocate(this.#former.get(memoryKey(networkId, containerId))));
  }

  giveBack({ networkId, containerId, ipv4 }: Pick<Endpoint, "networkId" | "containerId" | "ipv4">): void {
    const address = addressNumber(ipv4);
    const key = memoryKey(networkId, containerId);
    this.#pools.get(networkId)?.free(address);
    this.#former.delete(key);
    this.#former.set(key, address);
    const [oldest] = this.#former.keys();
    if (this.#former.size > REMEMBERED && oldest !== undefined) this.#former.delete(oldest);
  }
}

function memoryKey(networkId: string, containerId: string): string {
  return `${networkId}/${containerId}`;
}
