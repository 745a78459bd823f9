import { orAborted, within, type Limit } from "#base/async.ts";
import { randomId } from "#base/ids.ts";
import { BerthError, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { formatDuration } from "#base/units.ts";
import type { AttachStream, SupervisedProcess } from "#runtime/types.ts";
import { execConfig, type ExecConfig } from "#spec/docker/exec.ts";
import { decode } from "#spec/docker/schema.ts";
import { FrameDecoder } from "#spec/docker/stdcopy.ts";
import type { Container } from "../container/container.ts";
import { publishContainerEvent } from "../container/events.ts";
import { execStartPrefix, startFailure } from "../container/life/start-failure.ts";
import { execText } from "../exec/create.ts";
import { launchExec, type ExecLaunch, type ExecLaunchDeps, type LaunchedExec } from "../exec/launch.ts";
import type { Clock, Events, ProcessTable } from "../ports.ts";
import type { ProbeResult } from "./health.ts";

export interface ExecProbeDeps extends ExecLaunchDeps {
  readonly clock: Clock;
  readonly events: Events;
  readonly processes: ProcessTable;
  readonly log: Log;
  /** How many may be launched at a time; those that run are not counted. */
  readonly launches: Limit;
}

/**
 * A health check's command, run like any exec but without a row: nobody else may start it, and its end is of interest to
 * this engine only. What a killed engine left of it is ended by reconcile. One that takes too long is killed with all it
 * has started.
 */
export async function runExecProbe(
  deps: ExecProbeDeps,
  container: Container,
  argv: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Pick<ProbeResult, "exitCode" | "output">> {
  const id = randomId();
  const config: ExecConfig = { ...decode(execConfig, {}), Cmd: argv, AttachStdout: true, AttachStderr: true };
  const tell = (action: string, more: Readonly<Record<string, string>> = {}): void =>
    publishContainerEvent(deps.events, action, container, { execID: id, ...more }, { transient: true });
  tell(`exec_create: ${execText(argv)}`);
  tell(`exec_start: ${execText(argv)}`);
  let process: SupervisedProcess | undefined;
  try {
    const launched = await launchInTurn(
      deps,
      { id, container, config, size: undefined, attach: true, onProcess: (made) => (process = made) },
      signal,
    );
    const { exitCode, late, output } = await untilEnd(deps, launched.process, launched.stream, timeoutMs, signal);
    tell("exec_die", { exitCode: String(exitCode) });
    if (!late) return { exitCode, output };
    const text = `Health check exceeded timeout (${formatDuration(BigInt(Math.trunc(timeoutMs * 1e6)))})`;
    return { exitCode: -1, output: output === "" ? text : `${text}: ${output}` };
  } catch (error) {
    return { exitCode: -1, output: messageOf(startFailure(error, execStartPrefix(error)).error) };
  } finally {
    process?.detach();
    await deps.files.removeTree(deps.paths.execRunDir(id));
  }
}

/**
 * When the signal aborts, its turn is over, though the launch may take as long as its container is paused: the others' probes
 * do not wait for that.
 */
function launchInTurn(deps: ExecProbeDeps, request: ExecLaunch, signal: AbortSignal): Promise<LaunchedExec> {
  const { promise, resolve, reject } = Promise.withResolvers<LaunchedExec>();
  deps.launches
    .run(() => {
      const launching = signal.aborted ? Promise.reject(nobodyAsks()) : launchExec(deps, request);
      launching.then(resolve, reject);
      return orAborted(launching, signal);
    })
    .catch(() => undefined);
  return promise;
}

const nobodyAsks = (): BerthError => new BerthError("cancelled", "nobody asks for this probe any more");

/** Its end, or that of its time, whatever comes first; nothing of it runs any more afterwards. */
async function untilEnd(
  deps: ExecProbeDeps,
  process: SupervisedProcess,
  stream: AttachStream | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<{ readonly exitCode: number; readonly late: boolean; readonly output: string }> {
  const output = new ProbeOutput();
  const reading = readAll(stream, output);
  let late = false;
  const kill = (): void => {
    deps.processes.killBelow(process.pid);
    process.signal(9).catch((error: unknown) => {
      deps.log.debug("a health check had ended when it was to be killed", { error: messageOf(error) });
    });
  };
  const cancelTimer = deps.clock.after(timeoutMs, () => {
    late = true;
    output.close();
    kill();
  });
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  try {
    const { exitCode } = await process.exited();
    // What it left in the background may hold its output open.
    await within(reading, 100, undefined);
    return { exitCode, late, output: output.text };
  } finally {
    cancelTimer();
    signal.removeEventListener("abort", kill);
    stream?.close();
  }
}

async function readAll(stream: AttachStream | undefined, output: ProbeOutput): Promise<void> {
  if (stream === undefined) return;
  const decoder = new FrameDecoder();
  try {
    for await (const chunk of stream.readable) for (const { payload } of decoder.push(chunk)) output.add(payload);
  } catch {
    // The stream ends with its process, in order or not.
  }
}

const longestOutputBytes = 4096;

/** The beginning of an output; docker-compat: what is cut off is told by three dots. */
export class ProbeOutput {
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;
  #cut = false;
  #closed = false;

  add(bytes: Uint8Array): void {
    if (this.#closed) return;
    const room = longestOutputBytes - this.#bytes;
    if (bytes.byteLength > room) this.#cut = true;
    if (room <= 0) return;
    const part = bytes.slice(0, room);
    this.#parts.push(part);
    this.#bytes += part.byteLength;
  }

  /** What comes later is of no interest. */
  close(): void {
    this.#closed = true;
  }

  get full(): boolean {
    return this.#bytes >= longestOutputBytes;
  }

  get text(): string {
    return `${Buffer.concat(this.#parts).toString()}${this.#cut ? "..." : ""}`;
  }
}
