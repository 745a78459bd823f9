/** `GET /berth/networks/exposure`: what of running containers is reached from where, one entry an address and port. */
export interface Exposure {
  readonly ContainerId: string;
  readonly Container: string;
  readonly Network: string;
  readonly Driver: string;
  /** `0.0.0.0` and `::` are all addresses of the host. */
  readonly Address: string;
  /** `tcp`, `udp`, `sctp`, or `any`. */
  readonly Protocol: string;
  /** At this address; 0 = every port that something listens on. */
  readonly Port: number;
  /** 0 = the same. */
  readonly ContainerPort: number;
  /** `any`, `host` (this machine alone), or CIDRs. This machine is never kept out. */
  readonly From: readonly string[];
  /** Whose rules decide: `engine`, `host` (the host's input rules, and the engine's), or `none`. */
  readonly Firewall: "engine" | "host" | "none";
}
