import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { formatTime, ZERO_TIME } from "#base/time.ts";
import type { CgroupManager } from "#host/cgroup/types.ts";
import type { LogReader } from "#logs/types.ts";
import type { ExitReport } from "#spec/berth/exit-report.ts";
import { signalName } from "#spec/docker/signals.ts";
import type { Container } from "../container/container.ts";
import type { Life } from "../container/spec.ts";
import { healthState } from "../container/state.ts";
import { isLive, type Status } from "../container/status.ts";
import type { EnginePaths, ExitRows, OomKills } from "../ports.ts";
import type { RuntimePlanner } from "../planner-ports.ts";
import { explainExit } from "./explain-exit.ts";
import { lastOutput } from "./last-output.ts";

export interface ExitReporterDeps {
  readonly exits: ExitRows;
  readonly oomKills: OomKills;
  readonly logs: LogReader;
  readonly paths: EnginePaths;
  readonly cgroups: CgroupManager;
  readonly planner: RuntimePlanner;
  readonly log: Log;
}

/** An end as the supervisor tells it; without a signal when it is only known from the row. */
export interface SeenEnd {
  readonly exitCode: number;
  readonly signal?: number;
  readonly oomKilled: boolean;
  readonly finishedAtNs: bigint;
  readonly lost?: boolean;
}

/**
 * Writes down why containers ended, for `why`. Nothing here throws: an end is settled whether it can be explained or not.
 * A report that a killed engine owes is made up for by the next one, from what is left then.
 */
export class ExitReporter {
  readonly #deps: ExitReporterDeps;
  readonly #owed = new Set<Promise<void>>();

  constructor(deps: ExitReporterDeps) {
    this.#deps = deps;
  }

  /**
   * `before`: its life when it ended. To be called before the cgroup is taken away, which is read at once; the result
   * writes the report, and is to be called before the log is taken away.
   */
  exit(container: Container, before: Life, end: SeenEnd): () => Promise<void> {
    const owed = Promise.withResolvers<void>();
    this.#owed.add(owed.promise);
    const named = { id: container.id, name: container.name };
    const memory = this.#guarded(container, async () => this.#memory(container, before.status, end));
    return async () => {
      await this.#guarded(container, async () =>
        this.#insert(named, end.finishedAtNs, await this.#report(container, before, end, await memory)),
      );
      this.#owed.delete(owed.promise);
      owed.resolve();
    };
  }

  /** Resolves when the reports of all ends that have been told of are written. */
  async settled(): Promise<void> {
    await Promise.all(this.#owed);
  }

  failedStart(
    container: Container,
    finishedAtNs: bigint,
    failure: { readonly exitCode: number; readonly error: string },
  ): void {
    const { spec, life } = container;
    const report: ExitReport = {
      Kind: "start-failure",
      Cause: "start-failure",
      Reason: `it could not be started: ${failure.error}`,
      ExitCode: failure.exitCode,
      Signal: "",
      Image: spec.image.reference,
      Command: spec.argv,
      StartedAt: ZERO_TIME,
      FinishedAt: formatTime(finishedAtNs),
      RestartPolicy: policyText(container),
      RestartCount: life.restartCount,
      LastOutput: [],
    };
    try {
      this.#insert(container, finishedAtNs, report);
    } catch (error) {
      this.#tell(container, error);
    }
  }

  /** The report of an ended container's last run, when an engine was killed before it could write it. */
  async catchUp(container: Container): Promise<void> {
    const status = container.status.state === "removing" ? container.status.before : container.status;
    if (status.state !== "exited" && status.state !== "restarting") return;
    const finishedAtNs = BigInt(status.finishedAtNs);
    if ((this.#deps.exits.newestMs(container.id) ?? 0) >= milliseconds(finishedAtNs)) return;
    await this.#guarded(container, async () => {
      const end = { exitCode: status.exitCode, oomKilled: status.oomKilled, finishedAtNs };
      this.#insert(
        container,
        finishedAtNs,
        await this.#report(container, { ...container.life, status }, end, undefined),
      );
    });
  }

  async #report(container: Container, before: Life, end: SeenEnd, memory: ExitReport["Memory"]): Promise<ExitReport> {
    const { spec } = container;
    const { stopRequest, status } = before;
    const signal = end.signal ?? 0;
    const known = {
      exitCode: end.exitCode,
      signal,
      oomKilled: end.oomKilled,
      lost: end.lost === true,
      stoppedBy:
        stopRequest === undefined
          ? undefined
          : { ...stopRequest, beforeEndNs: end.finishedAtNs - BigInt(stopRequest.atNs) },
      memory,
    };
    const startedAtNs = "startedAtNs" in status ? status.startedAtNs : String(end.finishedAtNs);
    return {
      Kind: "exit",
      ...explainExit(known),
      ExitCode: end.exitCode,
      Signal: signal === 0 ? "" : signalName(signal),
      Image: spec.image.reference,
      Command: spec.argv,
      StartedAt: formatTime(BigInt(startedAtNs)),
      FinishedAt: formatTime(end.finishedAtNs),
      ...(stopRequest === undefined
        ? {}
        : {
            StoppedBy: {
              By: stopRequest.by,
              Signal: signalName(stopRequest.signal),
              At: formatTime(BigInt(stopRequest.atNs)),
            },
          }),
      ...(memory === undefined ? {} : { Memory: memory }),
      RestartPolicy: policyText(container),
      RestartCount: before.restartCount,
      ...shortHealth(before),
      LastOutput: await lastOutput(this.#deps, container),
    };
  }

  /** Only when the kernel killed for want of memory, or there was a limit that it could have reached. */
  #memory(container: Container, before: Status, end: SeenEnd): ExitReport["Memory"] {
    const limit = container.spec.hostConfig.Memory;
    if (!end.oomKilled && limit === 0) return undefined;
    const path = this.#deps.planner.cgroupPath(container.spec);
    const stats = this.#deps.cgroups.open(path).stats().memory;
    const sinceNs = isLive(before) ? BigInt(before.startedAtNs) : 0n;
    const killed = end.oomKilled ? this.#deps.oomKills.since(sinceNs) : [];
    return {
      LimitBytes: limit,
      PeakBytes: stats?.maxUsageBytes ?? 0,
      Killed: killed
        .filter(({ cgroup }) => cgroup.includes(container.id))
        .map(({ pid, name, residentBytes, atNs }) => ({
          Pid: pid,
          Name: name,
          ResidentBytes: residentBytes,
          At: formatTime(atNs),
        })),
    };
  }

  #insert({ id, name }: Pick<Container, "id" | "name">, finishedAtNs: bigint, report: ExitReport): void {
    this.#deps.exits.insert({ containerId: id, containerName: name, finishedMs: milliseconds(finishedAtNs), report });
  }

  async #guarded<T>(container: Container, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#tell(container, error);
      return undefined;
    }
  }

  #tell({ id }: Container, error: unknown): void {
    this.#deps.log.error("could not keep why a container ended", { container: id, error: messageOf(error) });
  }
}

const milliseconds = (nanoseconds: bigint): number => Number(nanoseconds / 1_000_000n);

function policyText({ spec }: Container): string {
  const { Name, MaximumRetryCount } = spec.hostConfig.RestartPolicy;
  return MaximumRetryCount === 0 ? Name : `${Name}:${MaximumRetryCount}`;
}

const longestHealthOutput = 256;

function shortHealth(life: Life): Pick<ExitReport, "Health"> {
  const { Health } = healthState(life);
  if (Health === undefined) return {};
  const Log = Health.Log.map((result) => ({ ...result, Output: result.Output.slice(0, longestHealthOutput) }));
  return { Health: { ...Health, Log } };
}
