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
  readonly #onChange: (networkId: string, names: readonly string[]) => void;

  /** `onChange`: what these names, in lower case, mean in the network may be something else now. */
  constructor(onChange: (networkId: string, names: readonly string[]) => void = () => {}) {
    this.#onChange = onChange;
  }

  /** Replaces what was known of this container in this network. */
  join(member: Member): void {
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
    this.#onChange(member.networkId, spellingsOf(member));
  }

  /** True when the container is in no network any more. */
  leave(containerId: string, networkId: string): boolean {
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
    this.#onChange(networkId, spellingsOf(member));
    return memberships.size === 0;
  }

  /** Without a word to `onChange`. */
  clear(): void {
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
    for (const networkId of this.networksOf(containerId)) {
      const link = this.#linksIn(networkId, containerId).find(({ spellings }) => spellings.includes(wanted));
      const addresses = link === undefined ? this.resolveIn(networkId, wanted) : this.#exactly(networkId, link.target);
      if (addresses !== undefined) return addresses;
    }
    return undefined;
  }

  /** What a name, in lower case, means in one network to whom has no links. */
  resolveIn(networkId: string, name: string): Addresses | undefined {
    const suffix = `.${this.#networks.get(networkId)?.name}`;
    const without = name.endsWith(suffix) ? this.#exactly(networkId, name.slice(0, -suffix.length)) : undefined;
    return this.#exactly(networkId, name) ?? without;
  }

  /** What this container alone calls others, in lower case. */
  ownNames(containerId: string): readonly string[] {
    return this.networksOf(containerId)
      .flatMap((networkId) => this.#linksIn(networkId, containerId))
      .flatMap(({ spellings }) => spellings);
  }

  /** Ids of the networks that the container is in, in the order in which it came into them. */
  networksOf(containerId: string): readonly string[] {
    return [...(this.#memberships.get(containerId) ?? [])];
  }

  /** Whether somebody is in the network. */
  knows(networkId: string): boolean {
    return this.#networks.has(networkId);
  }

  /** Ids of the containers that have this name in the network. */
  holders(networkId: string, name: string): readonly string[] {
    return [...(this.#networks.get(networkId)?.byName.get(name.toLowerCase()) ?? [])];
  }

  /** docker-compat: "container.network" of an address in one of the container's networks. */
  reverse(containerId: string, address: string): string | undefined {
    for (const networkId of this.networksOf(containerId)) {
      const network = this.#networks.get(networkId);
      const member = network?.members.get(network.byAddress.get(address) ?? "");
      if (member !== undefined) return `${member.containerName}.${member.networkName}`;
    }
    return undefined;
  }

  #exactly(networkId: string, name: string): Addresses | undefined {
    const network = this.#networks.get(networkId);
    const holders = network?.byName.get(name);
    if (holders === undefined) return undefined;
    const members = [...holders].flatMap((id) => network?.members.get(id) ?? []);
    return {
      ipv4: members.flatMap(({ ipv4 }) => (ipv4 === "" ? [] : [ipv4])),
      ipv6: members.flatMap(({ ipv6 }) => (ipv6 === "" ? [] : [ipv6])),
    };
  }

  #linksIn(networkId: string, containerId: string): readonly { spellings: readonly string[]; target: string }[] {
    const network = this.#networks.get(networkId);
    const links = network?.members.get(containerId)?.links ?? [];
    return links.map(({ alias, target }) => ({
      spellings: spelledIn(network?.name ?? "", alias.toLowerCase()),
      target: target.toLowerCase(),
    }));
  }
}

function spelledIn(networkName: string, name: string): readonly string[] {
  return [name, `${name}.${networkName}`];
}

/** All that the member answers to. */
function spellingsOf(member: Member): readonly string[] {
  return [...namesOf(member)].flatMap((name) => spelledIn(member.networkName.toLowerCase(), name));
}

function namesOf({ containerName, containerId, names }: Member): ReadonlySet<string> {
  const all = [containerName, ...names, containerId.slice(0, 12)];
  return new Set(all.filter((name) => name !== "").map((name) => name.toLowerCase()));
}
