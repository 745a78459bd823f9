import type { NetworkRate } from "#base/network-rate.ts";
import type { PolicyRule } from "./policy/policy-rule.ts";

/** What the engine asks of the network side. All of it is carried out over netlink and nf_tables, no program is run. */
export interface PortPublication {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly containerPort: number;
  /** "" = every address of the families that the container has. */
  readonly hostIp: string;
  /** 0 = choose an ephemeral one; of an endpoint in a routed network: open at the container's own address. */
  readonly hostPort: number;
  /** Of an inclusive range from `hostPort` the first free one is taken; only in requests. */
  readonly lastHostPort?: number;
  /** CIDRs of those who may use it, besides this host; everybody when absent. */
  readonly allow?: readonly string[] | undefined;
  /** Whose input rules decide who reaches it: those of the host, besides the engine's. */
  readonly firewall?: "host" | undefined;
}

export interface EndpointRequest {
  readonly containerId: string;
  readonly networkId: string;
  /** A fixed address of one of the network's subnets; chosen when absent. */
  readonly ipv4?: string;
  readonly ipv6?: string;

  /** Derived from the address when absent. */
  readonly mac?: string;
  readonly ports: readonly PortPublication[];
  /** Names of the container in this network besides its own. */
  readonly aliases?: readonly string[];
  /** Of several networks the one with the highest gives the default route. 0 when absent. */
  readonly gatewayPriority?: number;
  /** Addresses of 169.254.0.0/16 that the interface has beside its own. */
  readonly linkLocal?: readonly string[];
  readonly links?: readonly NameLink[];
  /** Docker's options for a driver about one endpoint, such as "com.docker.network.endpoint.ifname". */
  readonly options?: Readonly<Record<string, string>>;
  /** No limit when absent. */
  readonly rate?: NetworkRate | undefined;
}

/** A name that one container alone knows another of the same network by. */
export interface NameLink {
  readonly alias: string;
  /** Any name of the other; it may come later, or never. */
  readonly target: string;
}

/** A setting below /proc/sys of a container's network namespace. */
export interface InterfaceSetting {
  /** "net/ipv4/conf/eth0/log_martians". */
  readonly path: string;
  readonly value: string;
}

/** A server that questions for names are passed on to. */
export interface Upstream {
  /** IPv4 or IPv6. */
  readonly address: string;
  /** Whose network it is asked from: a loopback address is another machine's in each. */
  readonly from: "host" | "container";
}

/** What the name service of user-defined networks wants to know of a container. */
export interface Resident {
  readonly containerName: string;
  readonly hostname?: string;
  /** In the order in which they are asked. None: only names of the container's networks are answered. */
  readonly upstreams?: readonly Upstream[];
}

/** A running container that an engine found when it started. */
export interface LiveContainer extends Partial<Resident> {
  readonly containerId: string;
  /** A path such as /proc/PID/ns/net. */
  readonly networkNamespace: string;
}

/** A container's place in a network, durable (a row), so that it can be released after any crash. */
export interface Endpoint {
  readonly id: string;
  readonly containerId: string;
  readonly networkId: string;
  readonly networkName: string;
  /** Name inside the container; "" in the `host` and `none` networks. */
  readonly interfaceName: string;
  /** "" in networks without IPv4, as is gateway; in networks without a way out gateway is "" too. */
  readonly ipv4: string;
  readonly prefixLength: number;
  readonly gateway: string;
  /** It leads out by its interface alone, without a gateway. */
  readonly directRoute: boolean;
  /** RFC 5952; "" in networks without IPv6. */
  readonly ipv6: string;
  readonly ipv6PrefixLength: number;
  readonly ipv6Gateway: string;
  /** "" in the `host` and `none` networks. */
  readonly mac: string;
  readonly aliases: readonly string[];
  readonly gatewayPriority: number;
  readonly linkLocal: readonly string[];
  readonly links: readonly NameLink[];
  readonly settings: readonly InterfaceSetting[];
  readonly rate?: NetworkRate | undefined;
  /** As published: hostPort is the real one, hostIp is never "", one entry per host address. */
  readonly ports: readonly PortPublication[];
}

/** What a person can say of one subnet of a network; "" for what the engine is to choose. */
export interface AddressPlan {
  /** CIDR. */
  readonly subnet: string;
  /** CIDR inside the subnet: where addresses are chosen from. */
  readonly ipRange: string;
  readonly gateway: string;
  /** Addresses that are never given to a container, by name. */
  readonly auxiliary: Readonly<Record<string, string>>;
}

/** One subnet of a network, with what was left open chosen; texts are canonical (RFC 5952 for IPv6). */
export interface NetworkPool extends AddressPlan {
  /** A person gave the subnet; only then can they give addresses of it. */
  readonly asked: boolean;
}

export interface NetworkInfo {
  readonly id: string;
  readonly name: string;
  /** A network that only holds settings for others has the driver `null`. */
  readonly driver: "bridge" | "host" | "null" | "macvlan" | "ipvlan";
  /** RFC 3339. */
  readonly createdAt: string;
  /** Made by the engine, and never removed. */
  readonly predefined: boolean;
  /** "" for networks without a bridge. */
  readonly bridgeName: string;
  /** Containers get addresses of this family. */
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** IPv4 first. Of a network that only holds settings: as they were given. */
  readonly pools: readonly NetworkPool[];
  /** Containers reach one another and the host, and nothing else reaches them or is reached. */
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Of the address plan's driver, which has none that it knows. */
  readonly ipamOptions: Readonly<Record<string, string>>;
  readonly configOnly: boolean;
  /** Name of the network whose settings it took, or "". */
  readonly configFrom: string;
  /** Docker's driver options, e.g. "com.docker.network.bridge.name". */
  readonly options: Readonly<Record<string, string>>;
  /** What its containers may open to one another, in the canonical writing of ./policy/policy-rule.ts. None: see `NetworkService.setPolicy`. */
  readonly policy: readonly string[];
}

export interface NetworkRequest {
  readonly name: string;
  /** "" for `bridge`. */
  readonly driver: string;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly addresses: readonly AddressPlan[];
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Kept and shown; none when absent. */
  readonly ipamOptions?: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly configOnly: boolean;
  readonly configFrom: string;
}

/**
 * reserve() ──▶ row, host ports held ──connect()──▶ interface, rules ──release()──▶ nothing
 *
 * A crash between any two of these is repaired by reconcile(), which must be called once before the others.
 */
export interface NetworkService {
  /**
   * Create or repair the default bridge, its rules and the host's forwarding settings; re-create rules and held ports of
   * `live` containers, and their name servers; release what no container in `live` owns.
   */
  reconcile(live: readonly LiveContainer[]): Promise<void>;
  /**
   * Make a network of the `bridge` driver, or one that only holds settings. `already-exists` for a name that is taken,
   * `invalid-parameter` and `forbidden` in Docker's words for what cannot be, `not-found` for another driver.
   */
  create(request: NetworkRequest): Promise<NetworkInfo>;
  /** `forbidden` for a predefined network and one with containers. */
  remove(nameOrId: string): Promise<NetworkInfo>;
  /** `bridge`, `host`, `none`, then those that people made; no `bridge` when it is switched off ("--bridge=none"). */
  list(): Promise<readonly NetworkInfo[]>;
  /** By name, id or unique id prefix; `not-found` "network X not found". "default" is "bridge". */
  find(nameOrId: string): Promise<NetworkInfo>;
  /**
   * Reserve address, mac and host ports and write the row; touches no namespace. Fails with Docker's sentences, to which
   * the caller of a start adds its own "failed to set up container networking: " in front:
   * - `internal` "driver failed programming external connectivity on endpoint NAME (ID): Bind for 0.0.0.0:80 failed: port
   *   is already allocated", "…: failed to bind host port for 0.0.0.0:80:172.17.0.2:80/tcp: address already in use"
   * - `forbidden` "Address already in use" for a taken fixed address, `resource-exhausted` when the subnet is full
   * - `already-exists` when the container has an endpoint in this network.
   * In the `host` and `none` networks nothing is reserved and ports are left out of the endpoint, as Docker does.
   */
  reserve(request: EndpointRequest & Resident): Promise<Endpoint>;
  /**
   * The interfaces of one container's places: create the veth pairs with one end in the namespace at `networkNamespace` (a
   * path), configure them, bring `lo` up, add port rules, answer for names. `none`: only `lo`. `host`: nothing. All at once
   * cost less than one after the other. On failure nothing of it is left but the reservations.
   */
  connect(endpoints: readonly Endpoint[], networkNamespace: string): Promise<void>;
  /**
   * Take a running container out of one network: interface, rules, held ports and row; another of its networks then
   * gives the default route. No error when it is not in it.
   */
  disconnect(containerId: string, networkId: string, networkNamespace: string): Promise<void>;
  /**
   * Another limit for all endpoints of a running container, at once. `not-implemented` when one of them is in a network that
   * cannot limit; nothing is changed then.
   */
  setRate(containerId: string, rate: NetworkRate | undefined, networkNamespace: string): Promise<void>;
  /**
   * Other rules for what passes between a network's containers, at once and for the future; without any, everything does,
   * unless its option `berth.network.isolated` says otherwise. `forbidden` where no policy can be kept.
   */
  setPolicy(nameOrId: string, rules: readonly PolicyRule[]): Promise<void>;
  /** Questions of this container that nobody here knows go there from now on. Without names in its networks nothing happens. */
  setUpstreams(containerId: string, upstreams: readonly Upstream[]): Promise<void>;
  /** Under this name others find the container from now on. */
  rename(containerId: string, containerName: string): Promise<void>;
  /** Remove interface, rules, held ports and row, in every network. No error for what is gone already. */
  release(containerId: string): Promise<void>;
  endpoints(containerId: string): Promise<readonly Endpoint[]>;
  /** The places of all containers in one network. */
  members(networkId: string): Promise<readonly Endpoint[]>;
  /**
   * Clean shutdown: closes sockets; takes down rules and bridge of this engine when no container holds an endpoint,
   * else leaves both working for the containers that go on running.
   */
  close(): Promise<void>;
}
