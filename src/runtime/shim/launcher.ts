import { BerthError } from "#base/errors.ts";
import { removeFile } from "#host/files/files.ts";
import { close, fdPath } from "#host/kernel/syscalls.ts";
import { encodeLaunch } from "../plan/encode.ts";
import type { Plan } from "../plan/ops.ts";
import { launchMode, logFlag, stdinMode } from "../plan/wire.ts";
import type {
  BegunLaunch,
  LaunchPlace,
  LaunchRequest,
  MakeCgroups,
  ShimLauncher,
  SupervisedProcess,
} from "../types.ts";
import { HandoverProcess } from "./handover-process.ts";
import { killedEarly, launchFailed, ShimProcess } from "./process.ts";
import type { ShimsAhead } from "./shims-ahead.ts";
import type { ShimState } from "./state.ts";
import { readStatus } from "./status-file.ts";
import { WaitingShim } from "./waiting-shim.ts";

/**
 * Launches shims and finds them again. The directory of a process tree:
 *
 *   control.sock   the shim listens here while it lives
 *   status         the final state, written once, atomically
 */
export class NativeShimLauncher implements ShimLauncher {
  readonly #shimPath: () => string;
  readonly #ahead: Pick<ShimsAhead, "take"> | undefined;

  /**
   * `shimPath`: the shim's executable, a sealed memory file (host/shim/shim-binary.ts): from any other it refuses to start.
   * `ahead`: where some may be ready; none are when not given.
   */
  constructor(deps: { readonly shimPath: () => string; readonly ahead?: Pick<ShimsAhead, "take"> }) {
    this.#shimPath = deps.shimPath;
    this.#ahead = deps.ahead;
  }

  begin(place: LaunchPlace): BegunLaunch {
    removeFile(`${place.dir}/status`);
    const shim = this.#ahead?.take(place) ?? WaitingShim.start(this.#shimPath(), place);
    shim.runElsewhere();
    return new Begun(shim);
  }

  launch(request: LaunchRequest): Promise<SupervisedProcess> {
    return this.begin(request).launch(request);
  }

  async recover(dir: string): ReturnType<ShimLauncher["recover"]> {
    const process = await ShimProcess.connect(dir);
    const state = await process
      ?.until(({ phase }) => phase === "running" || phase === "waiting")
      .catch(() => undefined);
    if (process !== undefined && state?.phase === "running") return { state: "running", process };
    if (process !== undefined && state?.phase === "waiting") return recoverWaiting(dir, process, state);
    process?.detach();
    const last = state ?? readStatus(dir);
    if (last?.phase === "exited") return { state: "exited", status: last.exit };
    if (last?.phase === "failed") return { state: "failed", failure: last.failure };
    return { state: "lost" };
  }
}

/** Started and without its message; {@link NativeShimLauncher.begin}. */
class Begun implements BegunLaunch {
  readonly #shim: WaitingShim;

  constructor(shim: WaitingShim) {
    this.#shim = shim;
  }

  async launch(request: LaunchRequest): Promise<SupervisedProcess> {
    const message = encodeLaunch(settingsOf(request), request.plan);
    // Until it has its plan the shim stays in there.
    const network = fitsMadeNetwork(request.plan) ? this.#shim.openNetwork() : undefined;
    let sent: Promise<void> | undefined;
    let joining: Promise<void> | undefined;
    try {
      sent = this.#shim.send(message, request.makeCgroups);
      // Whether it failed, and whether joining did, is asked once the shim is known to live.
      sent.catch(() => undefined);
      const connecting = ShimProcess.connect(request.dir, request.adopt);
      if (network !== undefined) joining = request.onNetwork?.(fdPath(network));
      joining?.catch(() => undefined);
      return await launched(request, sent, connecting, joining);
    } catch (error) {
      // A shim that gets no control groups ends for that reason, whatever else is seen of it.
      const reason: unknown =
        (await sent?.then(
          () => error,
          (refusal: unknown) => refusal,
        )) ?? error;
      if (!this.#shim.isSent) await this.#shim.gone;
      throw reason;
    } finally {
      await joining?.catch(() => undefined);
      if (network !== undefined) close(network);
    }
  }

  makeNetwork(): void {
    this.#shim.makeNetwork();
  }

  makeCgroups(make: MakeCgroups): void {
    this.#shim.makeCgroups(make);
  }

  abandon(): Promise<void> {
    return this.#shim.abandon();
  }
}

/** From the message on. `sent`: it has its control groups too. `joining`: networks are being joined already. */
async function launched(
  request: LaunchRequest,
  sent: Promise<void>,
  connecting: Promise<ShimProcess | undefined>,
  joining: Promise<void> | undefined,
): Promise<SupervisedProcess> {
  const process = await connecting;
  if (process === undefined) throw earlyEnd(request);
  try {
    const meanwhile = Promise.all([
      joining ?? joinNetworks(process, request),
      sent.then(() => request.onMonitor?.(process)),
    ]);
    await (request.goesAhead === true ? untilMayGo : untilAllReady)(process, request, meanwhile);
    if (request.mode !== "handover") return process;
    process.detach();
    // Init may have answered instead of the monitor, which had left already; init does not know its own pid.
    const { pid, startTicks } = readStatus(request.dir) ?? process;
    return new HandoverProcess(request.dir, pid, startTicks);
  } catch (error) {
    await process.signal(9).catch(() => undefined);
    process.detach();
    throw error;
  }
}

/** As soon as there is a process in its namespaces. */
async function joinNetworks(process: ShimProcess, request: LaunchRequest): Promise<void> {
  if (request.onNetwork === undefined) return;
  const { phase } = await process.until(({ pid }) => pid > 0);
  if (phase === "launching" || phase === "waiting") await request.onNetwork(`/proc/${process.pid}/ns/net`);
}

/** As network_settle of native/shim/network.c decides. */
function fitsMadeNetwork({ create, join }: Plan): boolean {
  return create.includes("network") && !create.includes("user") && join.length === 0;
}

/** One that waits for a hook has lost the engine that ran its hooks: it is ended. */
async function recoverWaiting(
  dir: string,
  process: ShimProcess,
  state: ShimState,
): ReturnType<ShimLauncher["recover"]> {
  const handedOver = state.monitorPid === 0 ? readStatus(dir) : undefined;
  if (handedOver !== undefined) {
    process.detach();
    return { state: "ready", process: new HandoverProcess(dir, handedOver.pid, handedOver.startTicks) };
  }
  if (state.point === 0) return { state: "ready", process };
  await process.signal(9);
  const last = await process.until(() => false).catch(() => undefined);
  process.detach();
  return last?.phase === "failed" ? { state: "failed", failure: last.failure } : { state: "lost" };
}

async function untilAllReady(process: ShimProcess, request: LaunchRequest, meanwhile: Promise<unknown>): Promise<void> {
  const ready = untilReady(process, request);
  await Promise.all([ready, meanwhile.catch((error: unknown) => afterReady(ready, error))]);
}

/** What becomes of it after that is told to who lets it go. */
async function untilMayGo(process: ShimProcess, request: LaunchRequest, meanwhile: Promise<unknown>): Promise<void> {
  await meanwhile.catch((error: unknown) => afterReady(untilReady(process, request), error));
}

/** Answer the plan's own waits until it is ready. */
async function untilReady(process: ShimProcess, request: LaunchRequest): Promise<void> {
  for (;;) {
    const state = await process.until(({ phase }) => phase === "waiting");
    if (state.phase === "failed") throw launchFailed(state.failure, request.adopt);
    if (state.phase === "exited") throw killedEarly(state);
    if (state.point === 0) return;
    await answerWait(process, request, state.point);
    await process.until(({ phase, point }) => phase !== "waiting" || point !== state.point);
  }
}

/** A process that failed takes its namespaces and its monitor along: that it failed is then the reason, not that they are gone. */
async function afterReady(ready: Promise<void>, error: unknown): Promise<never> {
  await ready;
  throw error;
}

async function answerWait(process: ShimProcess, request: LaunchRequest, point: number): Promise<void> {
  try {
    await request.onWait?.(point, process.pid);
  } catch (error) {
    await process.signal(9);
    throw error;
  }
  await process.proceed(point);
}

function earlyEnd({ dir, adopt }: LaunchRequest): BerthError {
  const last = readStatus(dir);
  return last?.phase === "failed"
    ? launchFailed(last.failure, adopt)
    : new BerthError("internal", "the shim ended without a word");
}

function settingsOf(request: LaunchRequest): Parameters<typeof encodeLaunch>[0] {
  return {
    id: request.id,
    terminal: request.terminal,
    rows: request.consoleSize?.rows ?? 0,
    columns: request.consoleSize?.columns ?? 0,
    stdin: stdinMode[request.stdin],
    mode: launchMode[request.mode ?? "supervised"],
    logPath: request.log?.path ?? "",
    logMaxSize: BigInt(Math.max(0, request.log?.maxSizeBytes ?? 0)),
    logMaxFiles: request.log?.maxFiles ?? 0,
    oomEvents: request.oomEventsPath ?? "",
    consoleSocket: request.consoleSocket ?? "",
    preserveFds: request.preserveFds ?? 0,
    logFlags: (request.log?.format === "json" ? logFlag.json : 0) | (request.log?.hold === true ? logFlag.hold : 0),
    logAttributes: request.log?.attributes ?? "",
    adopt: request.adopt?.pidFile ?? "",
  };
}
