import type { ContainerHealth } from "../docker/container.ts";

/**
 * Berth's own part of the API, outside Docker's names: `GET /berth/containers/{id}/why`, with or without a version in
 * front. Property names are written as in the Engine API; times are RFC 3339 with nanoseconds.
 */
export interface WhyResponse {
  readonly Id: string;
  readonly Name: string;
  /** undefined when the container has been removed. */
  readonly State?: {
    readonly Status: string;
    readonly StartedAt: string;
    readonly Health?: ContainerHealth;
  };
  /** Newest first. */
  readonly Exits: readonly ExitReport[];
}

/** One end of a container, or one start that failed. */
export interface ExitReport {
  readonly Kind: "exit" | "start-failure";
  /** One sentence for people: why. */
  readonly Reason: string;
  /** `oom`: the kernel; `request`: StoppedBy says who; `lost`: nobody saw the end; `self`: anything else. */
  readonly Cause: "oom" | "request" | "lost" | "self" | "start-failure";
  readonly ExitCode: number;
  /** The signal that ended it, such as `SIGKILL`; "" when it exited. */
  readonly Signal: string;
  readonly Image: string;
  readonly Command: readonly string[];
  readonly StartedAt: string;
  readonly FinishedAt: string;
  readonly StoppedBy?: {
    /** `stop`, `kill`, `restart`, `remove`: a person; `shutdown`, `unhealthy-stop`, `unhealthy-restart`: the engine. */
    readonly By: string;
    /** The last signal sent. */
    readonly Signal: string;
    readonly At: string;
  };
  readonly Memory?: {
    /** Of the container; 0 = none. */
    readonly LimitBytes: number;
    /** The most it used; 0 = the kernel does not tell. */
    readonly PeakBytes: number;
    /** By the kernel for want of memory, in this run. */
    readonly Killed: readonly KilledProcess[];
  };
  readonly RestartPolicy: string;
  /** Restarts by policy before this end. */
  readonly RestartCount: number;
  readonly Health?: ContainerHealth;
  /** The last lines, each with its time in front. */
  readonly LastOutput: readonly string[];
}

export interface KilledProcess {
  /** As the host sees it. */
  readonly Pid: number;
  readonly Name: string;
  /** Anonymous, file and shared pages together. */
  readonly ResidentBytes: number;
  readonly At: string;
}
