import type { PullFailure } from "#spec/berth/why-pull.ts";

/** Pulls that failed, by canonical reference; bounded by number. */
export interface PullFailureRows {
  insert(reference: string, failure: PullFailure): void;
  /** Newest first. */
  of(reference: string): readonly PullFailure[];
  forget(reference: string): void;
}

/** Who listens at ports of this machine. */
export interface PortListeners {
  at(port: number): readonly PortListener[];
}

export interface PortListener {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly address: string;
  /** Undefined when it may not be seen, or is the kernel. */
  readonly owner?: {
    readonly pid: number;
    readonly name: string;
    readonly command: string;
    /** proc_pid_cgroup(5), whole. */
    readonly cgroups: string;
    /** This very process. */
    readonly isEngine: boolean;
  };
}
