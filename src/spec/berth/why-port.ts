/** `GET /berth/ports/{port}/why`: who has a port of the engine's machine. */
export interface PortReport {
  readonly Port: number;
  readonly Holders: readonly PortHolder[];
}

/** One address at which somebody has it. */
export interface PortHolder {
  readonly Protocol: "tcp" | "udp" | "sctp";
  /** Of the machine; `0.0.0.0` and `::` are all of a family. */
  readonly Address: string;
  /** Of this engine: by publishing the port, or, without `Port`, in the machine's own network. */
  readonly Container?: { readonly Id: string; readonly Name: string; readonly Port?: number };
  /** Who listens, when that is no container's publishing. */
  readonly Process?: { readonly Pid: number; readonly Name: string; readonly Command: string };
}
