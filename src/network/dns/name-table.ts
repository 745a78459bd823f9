import type { NameLink } from "../types.ts";

/** A container's place in a user-defined network, under its names. */
export interface Member {
  readonly containerId: string;
  readonly networkId: string;
  readonly networkName: string;
  readonly containerName: string;
  /** Aliases, hostname and the like; the short id is added here. */
  readonly names: readonly string[];
  /** What it alone calls others. */
  readonly links: readonly NameLink[];
  /** "" for none. */
  readonly ipv4: string;
  readonly ipv6: string;
}

export interface Addresses {
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
}

interface Network {
  readonly name: string;
  /** By container id, in the order in which they came. */
  readonly members: Map<string, Member>;
  /** By name in lower case: container ids. */
  readonly byName: Map<string, Set<string>>;
  /** Container ids. */
  readonly byAddress: Map<string, string>;
}

/**
 * Who is called what in which network. A container sees the names of its own networks only. A lookup costs the number of
 * its networks, not of containers.
 */
export class NameTable {
  readonly #networks = new Map<string, Network>();
  /** By container id: the networks it is in, in the order in which it came into them. */
  readonly #memberships = new Map<string, Set<string>>();
  #version = 0;

  /** Another number after every change. */
  get version(): number {
    return this.#version;
  }

  /** Replaces what was known of this container in this network. */
  join(member: Member): void {
    this.#version++;
    this.leave(member.containerId, member.networkId);
    const network = this.#networks.get(member.networkId) ?? {
      name: member.networkName.toLowerCase(),
      members: new Map<string, Member>(),
      byName: new Map<string, Set<string>>(),
      byAddress: new Map<string, string>(),
    };
    this.#networks.set(member.networkId, network);
    network.members.set(member.containerId, member);
    for (const name of namesOf(member)) {
      const holders = network.byName.get(name) ?? new Set();
      network.byName.set(name, holders.add(member.containerId));
    }
    for (const address of [member.ipv4, member.ipv6]) {
      if (address !== "") network.byAddress.set(address, member.containerId);
    }
    const memberships = this.#memberships.get(member.containerId) ?? new Set();
    this.#memberships.set(member.containerId, memberships.add(member.networkId));
  }

  /** True when the container is in no network any more. */
  leave(containerId: string, networkId: string): boolean {
    this.#version++;
    const network = this.#networks.get(networkId);
    const member = network?.members.get(containerId);
    const memberships = this.#memberships.get(containerId);
    if (network === undefined || member === undefined || memberships === undefined) return memberships === undefined;
    network.members.delete(containerId);
    for (const name of namesOf(member)) {
      const holders = network.byName.get(name);
      holders?.delete(containerId);
      if (holders?.size === 0) network.byName.delete(name);
    }
    for (const address of [member.ipv4, member.ipv6]) network.byAddress.delete(address);
    if (network.members.size === 0) this.#networks.delete(networkId);
    memberships.delete(networkId);
    if (memberships.size === 0) this.#memberships.delete(containerId);
    return memberships.size === 0;
  }

  clear(): void {
    this.#version++;
    this.#networks.clear();
    this.#memberships.clear();
  }

  rename(containerId: string, containerName: string): void {
    for (const networkId of [...(this.#memberships.get(containerId) ?? [])]) {
      const member = this.#networks.get(networkId)?.members.get(containerId);
      if (member !== undefined) this.join({ ...member, containerName });
    }
  }

  /**
   * What `name` means to a container: in the first of its networks that knows it, alone or with ".networkname" behind. A
   * link goes before a name.
   * Undefined for a name that nobody has.
   */
  resolve(containerId: string, name: string): Addresses | undefined {
    const wanted = name.toLowerCase();
    for (const network of this.#networksOf(containerId)) {
      const suffix = `.${network.name}`;
      const spellings = wanted.endsWith(suffix) ? [wanted, wanted.slice(0, -suffix.length)] : [wanted];
      const links = network.members.get(containerId)?.links ?? [];
      const linked = links.find(({ alias }) => spellings.includes(alias.toLowerCase()));
      const names = linked === undefined ? spellings : [linked.target.toLowerCase()];
      const [holders] = names.flatMap((spelling) => network.byName.get(spelling) ?? []);
      if (holders === undefined) continue;
      const members = [...holders].flatMap((id) => network.members.get(id) ?? []);
      return {
        ipv4: members.flatMap(({ ipv4 }) => (ipv4 === "" ? [] : [ipv4])),
        ipv6: members.flatMap(({ ipv6 }) => (ipv6 === "" ? [] : [ipv6])),
      };
    }
    return undefined;
  }

  /** Ids of the containers that have this name in the network. */
  holders(networkId: string, name: string): readonly string[] {
    return [...(this.#networks.get(networkId)?.byName.get(name.toLowerCase()) ?? [])];
  }

  /** docker-compat: "container.network" of an address in one of the container's networks. */
  reverse(containerId: string, address: string): string | undefined {
    for (const network of this.#networksOf(containerId)) {
      const member = network.members.get(network.byAddress.get(address) ?? "");
      if (member !== undefined) return `${member.containerName}.${member.networkName}`;
    }
    return undefined;
  }

  #networksOf(containerId: string): readonly Network[] {
    return [...(this.#memberships.get(containerId) ?? [])].flatMap((id) => this.#networks.get(id) ?? []);
  }
}

function namesOf({ containerName, containerId, names }: Member): ReadonlySet<string> {
  const all = [containerName, ...names, containerId.slice(0, 12)];
  return new Set(all.filter((name) => name !== "").map((name) => name.toLowerCase()));
}
