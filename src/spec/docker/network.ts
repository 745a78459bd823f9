import type { Uint64 } from "./uint64.ts";

export interface NetworkContainer {
  readonly Name: string;
  readonly EndpointID: string;
  readonly MacAddress: string;
  /** CIDR, or "". */
  readonly IPv4Address: string;
  readonly IPv6Address: string;
}

export interface NetworkPool {
  readonly Subnet?: string;
  readonly IPRange?: string;
  readonly Gateway?: string;
  readonly AuxiliaryAddresses?: Readonly<Record<string, string>>;
}

/** How many addresses of a subnet are taken, and how many are left to choose from. */
export interface SubnetStatus {
  readonly IPsInUse: Uint64;
  readonly DynamicIPsAvailable: Uint64;
}

/** A network as `GET /networks` and `GET /networks/{id}` print it. */
export interface NetworkResource {
  readonly Name: string;
  readonly Id: string;
  readonly Created: string;
  readonly Scope: "local";
  readonly Driver: string;
  readonly EnableIPv4: boolean;
  readonly EnableIPv6: boolean;
  readonly IPAM: {
    readonly Driver: string;
    readonly Options: Readonly<Record<string, string>> | null;
    readonly Config: readonly NetworkPool[] | null;
  };
  readonly Internal: boolean;
  readonly Attachable: boolean;
  readonly Ingress: boolean;
  readonly ConfigFrom: { readonly Network: string };
  readonly ConfigOnly: boolean;
  readonly Containers: Readonly<Record<string, NetworkContainer>>;
  readonly Options: Readonly<Record<string, string>>;
  readonly Labels: Readonly<Record<string, string>>;
  /** Of `GET /networks/{id}` alone, by subnet; since API 1.52. */
  readonly Status?: { readonly IPAM: { readonly Subnets?: Readonly<Record<string, SubnetStatus>> } };
}
