/** What the engine asks of the network side. All of it is carried out over netlink and nf_tables, no program is run. */
export interface PortPublication {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly containerPort: number;
  /** "" = every address. */
  readonly hostIp: string;
  /** 0 = choose an ephemeral one. */
  readonly hostPort: number;
}

export interface EndpointRequest {
  readonly containerId: string;
  readonly networkId: string;
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly mac?: string;
  readonly ports: readonly PortPublication[];
}

/** A container's place in a network, durable (a row), so that it can be released after any crash. */
export interface Endpoint {
  readonly id: string;
  readonly containerId: string;
  readonly networkId: string;
  readonly networkName: string;
  readonly interfaceName: string;
  readonly ipv4: string;
  readonly prefixLength: number;
  readonly gateway: string;
  readonly ipv6: string;
  readonly ipv6PrefixLength: number;
  readonly ipv6Gateway: string;
  readonly mac: string;
  /** As published: hostPort is the real one, one entry per host address. */
  readonly ports: readonly PortPublication[];
}

export interface NetworkInfo {
  readonly id: string;
  readonly name: string;
  readonly driver: "bridge" | "host" | "null";
  readonly createdAt: string;
  readonly subnet: string;
  readonly gateway: string;
  readonly bridgeName: string;
  readonly options: Readonly<Record<string, string>>;
}

export interface NetworkService {
  /** Create or repair the default bridge, its rules and the host's forwarding settings; release what no container owns. */
  reconcile(live: readonly { readonly containerId: string; readonly networkNamespace: string }[]): Promise<void>;
  list(): Promise<readonly NetworkInfo[]>;
  /** By name, id or unique id prefix; `not-found` "network X not found". */
  find(nameOrId: string): Promise<NetworkInfo>;
  /**
   * Reserve address, mac and host ports and write the row; touches no namespace. `conflict` / `internal` with Docker's
   * sentences ("driver failed programming external connectivity on endpoint NAME (ID): Bind for 0.0.0.0:80 failed: port
   * is already allocated").
   */
  reserve(request: EndpointRequest & { readonly containerName: string }): Promise<Endpoint>;
  /** Create the veth pair, move one end into the namespace at `networkNamespace` (a path), configure it, add port rules. */
  connect(endpoint: Endpoint, networkNamespace: string): Promise<void>;
  /** Remove interface, rules and row. No error for what is gone already. */
  release(containerId: string): Promise<void>;
  endpoints(containerId: string): Promise<readonly Endpoint[]>;
  /** Take down rules and bridge of this engine (clean shutdown with no container left). */
  close(): Promise<void>;
}
