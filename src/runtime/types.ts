import type { Announcement } from "#host/kernel/operations-beside.ts";
import type { Plan } from "./plan/ops.ts";

/**
 * One supervised process tree: a container's init, or one exec in it. The shim (a separate C process, the *monitor*)
 * outlives the engine; everything below can be asked of a shim that another engine process launched.
 *
 *   launch() ── plan steps run in the new namespaces ──▶ ready (init waits before exec; its namespaces exist)
 *      ready ── go() ──▶ running (execve succeeded) ──▶ exited (status durable in `dir`)
 *      ready or launching ── a step or execve failed ──▶ failed {step index, errno}
 */
export interface LaunchRequest {
  /** Container id or exec id; for messages only. */
  readonly id: string;
  /** Existing private directory (mode 0700) of this process tree; the shim keeps its socket and status file there. */
  readonly dir: string;
  readonly plan: Plan;
  readonly terminal: boolean;
  readonly consoleSize?: { readonly rows: number; readonly columns: number };
  /** `closed`: /dev/null. `open`: stays open when attach clients leave. `once`: closed when the first one leaves. */
  readonly stdin: "closed" | "open" | "once";
  /** undefined = no log is kept. */
  readonly log: ShimLog | undefined;
  /** File whose oom_kill counter is read at exit (v1 memory.oom_control, v2 memory.events). */
  readonly oomEventsPath: string | undefined;
  /**
   * `supervised` (default): the monitor owns stdio, log and status. For an OCI runtime CLI: `inherit`: the process gets
   * the launcher's own stdin, stdout, stderr, the monitor keeps only status and control; `handover`: like `inherit`, and
   * the monitor leaves at *ready*; the process then belongs to the caller's subreaper, go() is answered by init itself,
   * and attach, signal, resize and exited are refused.
   */
  readonly mode?: "supervised" | "inherit" | "handover";
  /** OCI console socket (unix socket path) that gets the pty master; the monitor then does not own the terminal. */
  readonly consoleSocket?: string;
  /** Descriptors 3 … 2+n of the launching process go to the process (OCI --preserve-fds). */
  readonly preserveFds?: number;
  /** The plan's program is a foreign OCI runtime's command. */
  readonly adopt?: AdoptedCommand;
  /** Called for `wait` steps with a point other than 0; the plan goes on when it resolves, and fails when it throws. */
  readonly onWait?: (point: number, pid: number) => Promise<void>;
  /**
   * Called with the path of the process's network namespace, good until this resolves, as soon as there is one, while the
   * plan is being carried out; launch() resolves after both, and the process is killed when this rejects.
   */
  readonly onNetwork?: (namespace: string) => Promise<void>;
  /**
   * Makes the control groups, while the shim mounts: called when it has the plan, which has an `await_cgroups`, and makes the
   * announcement as soon as they are there. When it rejects nothing is launched, and launch() rejects with the same, whatever else
   * went wrong, once the shim is gone. `onNetwork` may be called meanwhile, `onMonitor` is not.
   */
  readonly makeCgroups?: MakeCgroups;
  /** Called as soon as there is somebody to attach to, likewise. A terminal takes no input before *ready*. */
  readonly onMonitor?: (process: SupervisedProcess) => Promise<void>;
  /**
   * launch() resolves as soon as `onNetwork` and `onMonitor` are done, be it *ready* or not, and go() may come before;
   * a step that fails after that is go()'s to tell. For `supervised` ones of the own runtime without `wait` steps but the last.
   */
  readonly goesAhead?: boolean;
}

/** Makes control groups and then the announcement, and not otherwise. */
export type MakeCgroups = (announcement: Announcement) => Promise<void>;

/**
 * A foreign OCI runtime's command, which leaves a process behind and its pid in a file. When the command ended well the
 * monitor takes that process (an orphan, given to the subreaper) as its own; before that, `pid` is 0. Without a `wait` step
 * the process is *ready* then, with one before the command it is running. A terminal comes by the socket `console.sock` in
 * `dir`. A command that fails is a {@link StepFailure} with `what` "runtime" and its exit code as errno.
 */
export interface AdoptedCommand {
  /** Name of a file in `dir`. */
  readonly pidFile: string;
  /** Host path of the log it writes errors to; {@link StepFailure.said} is taken from there. */
  readonly log: string;
  /** Lets a *ready* process run; go() calls it. */
  readonly start?: () => Promise<void>;
}

/** What a shim must know to come up. */
export type LaunchPlace = Pick<LaunchRequest, "id" | "dir" | "mode" | "preserveFds">;

/** A shim that waits for its plan; nothing of the container exists yet, but what is asked for here. Its engine's end is its own. */
export interface BegunLaunch {
  /**
   * The plan will create a network namespace, and neither a user namespace nor join any: it is made now, and takes the
   * machine's settings of now. No harm when it turns out otherwise. Only for `supervised` ones.
   */
  makeNetwork(): void;
  /**
   * The plan will wait for control groups: they are made now, and not by what the {@link LaunchRequest} says. A rejection is told
   * by {@link launch}.
   */
  makeCgroups(make: MakeCgroups): void;
  launch(request: LaunchRequest): Promise<SupervisedProcess>;
  /** Nothing will be launched after all. Resolves when nothing is being made. No effect after {@link launch}. */
  abandon(): Promise<void>;
}

/** How the shim keeps the process's output; shim/record.ts draws the files. */
export interface ShimLog {
  readonly path: string;
  /** 0 and Number.MAX_SAFE_INTEGER = without limit. */
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
  /** Records (default) or Docker's JSON lines. */
  readonly format?: "records" | "json";
  /** With `json`: text put into every line before the time, `"attrs":{…},` or nothing. */
  readonly attributes?: string;
  /** With records: output waits rather than that a rotated file goes which {@link SupervisedProcess.logTaken} did not name. */
  readonly hold?: boolean;
}

export interface ExitStatus {
  /** Docker's number: exit code, or 128+signal. */
  readonly exitCode: number;
  readonly signal: number;
  readonly oomKilled: boolean;
  /** Unix time, nanoseconds. */
  readonly finishedAtNs: bigint;
}

export interface StepFailure {
  /** Index into plan.steps; plan.steps.length is the final exec. */
  readonly step: number;
  readonly errno: number;
  /** The shim's short text for the failing act, e.g. "mount". */
  readonly what: string;
  /** A foreign runtime's own words. */
  readonly said?: string;
}

export interface AttachedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** The stream counts as taken so long after its end; not given: at once. */
  readonly lingerMs?: number | undefined;
}

/** A raw duplex stream to the process: Docker's framed stdout/stderr (8-byte headers) or raw bytes with a terminal. */
export interface AttachStream {
  /** Bytes as they go over Docker's hijacked connection, never parsed on the way. */
  readonly readable: AsyncIterable<Uint8Array>;
  /** Resolves when the bytes are accepted. */
  write(bytes: Uint8Array): Promise<void>;
  /** Half-close: the process sees end of file on stdin when no other attach holds it (`open`) or at once (`once`). */
  endInput(): void;
  close(): void;
}

export interface SupervisedProcess {
  /** Pid of init on the host; stable from `ready` on. */
  readonly pid: number;
  /** Start time of `pid` in clock ticks (field 22 of /proc/pid/stat): with the pid it names the process for ever. */
  readonly startTicks: bigint;
  readonly monitorPid: number;
  /** Let a `ready` process exec. Resolves after execve succeeded; throws with {@link StepFailure} in details otherwise. */
  go(): Promise<{ readonly startedAtNs: bigint }>;
  /**
   * `whileHeld` is called once before the stream begins, while the process's output stands still: what its log has then
   * is everything that does not come by the stream. When it throws, there is no stream.
   */
  attach(streams: AttachedStreams, whileHeld?: () => void): Promise<AttachStream>;
  /** Resolves when the streams that are attached have been read to their end or closed; undefined when none is. */
  outputTaken(): Promise<unknown> | undefined;
  resize(rows: number, columns: number): Promise<void>;
  signal(signal: number): Promise<void>;
  /** Resolves once, also when the process ended before this engine started. */
  exited(): Promise<ExitStatus>;
  /** `listener` is called after every rotation of the log from now on. */
  onLogRotated(listener: () => void): void;
  /** `listener` is called whenever its cgroup's memory runs out from now on (v1), or the kernel kills for want of it (v2). */
  onOom(listener: () => void): void;
  /** Every log file whose id is below `file` may be removed; see {@link ShimLog.hold}. No error when the process is gone. */
  logTaken(file: bigint): Promise<void>;
  /** Close this engine's connections; the process goes on. */
  detach(): void;
}

export interface ShimLauncher {
  /** Start the shim while the caller is still planning; one of the two methods of the result must be called. */
  begin(place: LaunchPlace): BegunLaunch;
  /** {@link begin} and launch. */
  launch(request: LaunchRequest): Promise<SupervisedProcess>;
  /**
   * Find what an earlier engine left in `dir`. `running` may need go() again when the engine died between ready and go:
   * then `state` is `ready`. `lost` = the monitor vanished without a status (machine crash, kill -9 of the monitor).
   */
  recover(
    dir: string,
  ): Promise<
    | { readonly state: "ready" | "running"; readonly process: SupervisedProcess }
    | { readonly state: "exited"; readonly status: ExitStatus }
    | { readonly state: "failed"; readonly failure: StepFailure }
    | { readonly state: "lost" }
  >;
}
