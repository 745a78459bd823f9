import type { AddressPool } from "./ipam/choose-subnet.ts";

/** What a person decides about the default network (dockerd's flags of the same names), and what tells engines apart. */
export interface NetworkOptions {
  /**
   * Short name of this engine, unlike that of any other engine on the machine and the same at each start, of letters and
   * digits: names its nf_tables table and marks its rules in others'.
   */
  readonly instance: string;
  /** Unlike that of any other engine anywhere, the same at each start: unique local IPv6 subnets are derived from it. */
  readonly engineId: string;
  /** `--bridge`: the default bridge's interface; "none" for no default network. Undefined: berth0, or the next free name. */
  readonly bridge?: string | undefined;
  /** `--bip`: the bridge's address in CIDR, whose subnet the containers get. Undefined: a free one of the pools. */
  readonly bip?: string | undefined;
  /** `--fixed-cidr`: the part of the subnet that addresses are chosen of; all of it when undefined. */
  readonly fixedCidr?: string | undefined;
  /** `--default-gateway`: the containers' gateway; the bridge's own address when undefined. */
  readonly defaultGateway?: string | undefined;
  /** `--ipv6`: the default network has IPv6; false when undefined. */
  readonly ipv6?: boolean | undefined;
  /** `--bip6`, `--fixed-cidr-v6`, `--default-gateway-v6`: as those without 6. */
  readonly bip6?: string | undefined;
  readonly fixedCidrV6?: string | undefined;
  readonly defaultGatewayV6?: string | undefined;
  /** `--ip6tables`: rules for IPv6; true when undefined. Without, ports are published on IPv4 only and nothing is kept out. */
  readonly ipv6Rules?: boolean | undefined;
  /** `--mtu`; 1500 when undefined. */
  readonly mtu?: number | undefined;
  /** `--icc`; true when undefined. */
  readonly interContainer?: boolean | undefined;
  /** `--ip-masq`; true when undefined. */
  readonly masquerade?: boolean | undefined;
  /** `--ip-forward`: turn on the host's routing; true when undefined. */
  readonly forward?: boolean | undefined;
  /** `--ip`: host address of ports published without one; 0.0.0.0 when undefined. */
  readonly publishAddress?: string | undefined;
  /** `--network-firewall`: for networks that do not say; "engine" when undefined. */
  readonly firewall?: "engine" | "host" | undefined;
  /** `--default-address-pool`; Docker's when undefined. */
  readonly addressPools?: readonly AddressPool[] | undefined;
}
