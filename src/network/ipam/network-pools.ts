import { BerthError } from "#base/errors.ts";
import type { Network } from "../network-rows.ts";
import type { Endpoint, EndpointRequest, NetworkPool } from "../types.ts";
import type { Lease, Leases } from "./leases.ts";
import { poolOf } from "./plan-pools.ts";
import { AddressAllocator } from "./address-allocator.ts";
import { contains, parseAddress, parseCidr, type IpFamily, type Subnet } from "./subnet.ts";

interface OpenPool {
  readonly pool: NetworkPool;
  readonly subnet: Subnet;
  readonly allocator: AddressAllocator;
}

/** How many addresses of removed containers are remembered, to give one that is started again its old one. */
const REMEMBERED = 4096;

/** The free addresses of networks, by network id. */
export class NetworkPools {
  readonly #networks = new Map<string, readonly OpenPool[]>();
  readonly #former = new Map<string, string>();

  /** Begin or begin anew, with the endpoints that are there. */
  open(network: Network, endpoints: readonly Endpoint[]): void {
    const used = endpoints
      .filter(({ networkId }) => networkId === network.id)
      .flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6])
      .filter((address) => address !== "");
    this.#networks.set(
      network.id,
      network.spec.pools.map((pool) => openPool(pool, used, network.lastAddress)),
    );
  }

  close(networkId: string): void {
    this.#networks.delete(networkId);
  }

  /**
   * An address of each family that the network has: the one asked for, or a free one, that of the container's last run if
   * possible. On failure none is taken. Errors as of AddressAllocator.
   */
  takeAll(network: Network, request: Pick<EndpointRequest, "containerId" | "ipv4" | "ipv6">): Leases {
    const { ipv4 = "", ipv6 = "", containerId } = request;
    const has = (family: IpFamily): boolean => poolOf(network.spec, family) !== undefined;
    const four = ipv4 !== "" || has(4) ? this.#take(network, containerId, 4, ipv4) : undefined;
    try {
      const six = ipv6 !== "" || has(6) ? this.#take(network, containerId, 6, ipv6) : undefined;
      return { ...(four === undefined ? {} : { 4: four }), ...(six === undefined ? {} : { 6: six }) };
    } catch (error) {
      this.giveBack({ networkId: network.id, containerId, ipv4: four?.address ?? "", ipv6: "" });
      throw error;
    }
  }

  giveBack({
    networkId,
    containerId,
    ipv4,
    ipv6,
  }: Pick<Endpoint, "networkId" | "containerId" | "ipv4" | "ipv6">): void {
    for (const [family, address] of [
      [4, ipv4],
      [6, ipv6],
    ] as const) {
      if (address === "") continue;
      for (const { allocator, subnet } of this.#networks.get(networkId) ?? [])
        if (subnet.family === family) allocator.free(address);
      const key = memoryKey(networkId, containerId, family);
      this.#former.delete(key);
      this.#former.set(key, address);
      const [oldest] = this.#former.keys();
      if (this.#former.size > REMEMBERED && oldest !== undefined) this.#former.delete(oldest);
    }
  }

  #take({ id, name }: Network, containerId: string, family: IpFamily, wanted: string): Lease {
    const all = this.#networks.get(id);
    if (all === undefined) throw new BerthError("internal", "the networks are used before reconcile or after close");
    const pools = all.filter(({ subnet }) => subnet.family === family);
    if (wanted === "") {
      const lease = takeFree(pools, this.#former.get(memoryKey(id, containerId, family)));
      if (lease !== undefined) return lease;
      const full = `no available IPv${family} addresses on this network's address pools: ${name} (${id})`;
      throw new BerthError("resource-exhausted", full);
    }
    const holder = pools.find(({ subnet }) => contains(subnet, parseAddress(wanted)));
    if (holder === undefined) {
      throw new BerthError("invalid-parameter", `no configured subnet or ip-range contain the IP address ${wanted}`);
    }
    return leased(holder, holder.allocator.claim(wanted));
  }
}

function openPool(pool: NetworkPool, used: readonly string[], lastAddress: string): OpenPool {
  const { subnet } = parseCidr(pool.subnet);
  const inside = (address: string): boolean => address !== "" && contains(subnet, parseAddress(address));
  const taken = [pool.gateway, ...Object.values(pool.auxiliary), ...used].filter(inside);
  const range = pool.ipRange === "" ? subnet : parseCidr(pool.ipRange).subnet;
  const last = inside(lastAddress) ? lastAddress : undefined;
  return { pool, subnet, allocator: new AddressAllocator(subnet, taken, last, range) };
}

/** From the first subnet that has one, the one whose address the container had before preferred. Undefined for none. */
function takeFree(pools: readonly OpenPool[], former: string | undefined): Lease | undefined {
  for (const open of pools) {
    const address = open.allocator.allocate(former);
    if (address !== undefined) return leased(open, address);
  }
  return undefined;
}

function leased({ pool, subnet }: OpenPool, address: string): Lease {
  return { address, prefixLength: subnet.prefixLength, pool };
}

function memoryKey(networkId: string, containerId: string, family: IpFamily): string {
  return `${networkId}/${containerId}/${family}`;
}
