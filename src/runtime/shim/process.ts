import { BerthError } from "#base/errors.ts";
import { errnoText } from "#host/kernel/errno.ts";
import { lastWords } from "../foreign/last-words.ts";
import type {
  AdoptedCommand,
  AttachedStreams,
  AttachStream,
  ExitStatus,
  StepFailure,
  SupervisedProcess,
} from "../types.ts";
import { attachFlag, Control, requestType } from "./control.ts";
import { readStatus } from "./status-file.ts";
import type { ShimState } from "./state.ts";

/** What the engine has to do when a step of the plan failed: Docker's words are the caller's business. */
export function launchFailed(bare: StepFailure, adopt?: AdoptedCommand): BerthError {
  const said = adopt === undefined ? undefined : (lastWords(adopt.log) ?? ownWords(bare));
  const failure = said === undefined ? bare : { ...bare, said };
  const message = said ?? `${failure.what || "launch"}: errno ${failure.errno} in step ${failure.step}`;
  return new BerthError("internal", message, { details: { failure } });
}

/** Of a command that said nothing, or could not even be run. */
function ownWords({ what, errno }: StepFailure): string {
  return what === "runtime"
    ? `the runtime ended with exit status ${errno}`
    : `the runtime could not be run: ${what === "" ? "" : `${what}: `}${errnoText(errno)}`;
}

/** ESRCH */
const noSuchProcess = 3;

/** It ended by itself, before its plan was carried out. */
export function killedEarly({ exit }: ShimState): BerthError {
  return new BerthError("internal", `the process was killed (signal ${exit.signal}) before it was ready`);
}

function mustBeLetGo(errno: number, point: number): void {
  if (errno === noSuchProcess) throw new BerthError("conflict", "the process ended before it was let go");
  if (errno !== 0) throw new BerthError("conflict", `the process does not wait at point ${point}`);
}

/**
 * A shim as one engine sees it. One control connection follows its state; attach uses connections of its own. The last
 * word is the file `status`: it is read when the connection ends before a final state came.
 */
export class ShimProcess implements SupervisedProcess {
  readonly #directory: string;
  readonly #adopt: AdoptedCommand | undefined;
  #control: Control | undefined;
  #state: ShimState | undefined;
  #lost: BerthError | undefined;
  #detached = false;
  readonly #watchers = new Set<() => void>();
  /** Attached streams, until they have been read to their end or closed. */
  readonly #streams = new Set<Promise<void>>();
  #onRotated = (): void => {};
  #onOom = (): void => {};

  private constructor(directory: string, adopt: AdoptedCommand | undefined) {
    this.#directory = directory;
    this.#adopt = adopt;
  }

  /** undefined when no shim listens in `directory`. */
  static async connect(directory: string, adopt?: AdoptedCommand): Promise<ShimProcess | undefined> {
    const process = new ShimProcess(directory, adopt);
    process.#control = await Control.connect(directory, process.#listener());
    return process.#control === undefined ? undefined : process;
  }

  get pid(): number {
    return this.#state?.pid ?? 0;
  }

  get startTicks(): bigint {
    return this.#state?.startTicks ?? 0n;
  }

  get monitorPid(): number {
    return this.#state?.monitorPid ?? 0;
  }

  /** Resolves with the first state `wanted` accepts; a final state is given in any case. Throws when the shim is lost. */
  async until(wanted: (state: ShimState) => boolean): Promise<ShimState> {
    for (;;) {
      const state = this.#state;
      if (state !== undefined && (wanted(state) || isFinal(state))) return state;
      if (this.#lost !== undefined) throw this.#lost;
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  /** Continue a `wait` step. */
  async proceed(point: number): Promise<void> {
    mustBeLetGo(await this.#request(requestType.go, point), point);
  }

  async go(): Promise<{ readonly startedAtNs: bigint }> {
    await this.#adopt?.start?.();
    const errno = await this.#request(requestType.go, 0).catch((error: unknown) => {
      throw this.#lost ?? error;
    });
    if (this.#state !== undefined && neverStarted(this.#state)) throw killedEarly(this.#state);
    // It may have failed before it was asked. What has run and ended by now was let go, by its monitor, whose answer went
    // with it, or by a foreign runtime.
    const ran = this.#adopt === undefined ? this.#state?.phase === "exited" : this.#adopt.start !== undefined;
    if (this.#state?.phase !== "failed" && !(ran && errno === noSuchProcess)) mustBeLetGo(errno, 0);
    const state = await this.until(({ phase }) => phase === "running");
    if (state.phase === "failed") throw launchFailed(state.failure, this.#adopt);
    if (neverStarted(state)) throw killedEarly(state);
    return { startedAtNs: state.startedAtNs };
  }

  async signal(signal: number): Promise<void> {
    const errno = await this.#request(requestType.signal, signal);
    if (errno === noSuchProcess) throw new BerthError("conflict", "the process is not running");
    if (errno !== 0) throw new BerthError("invalid-parameter", `signal ${signal} could not be sent (errno ${errno})`);
  }

  async resize(rows: number, columns: number): Promise<void> {
    const errno = await this.#request(requestType.resize, rows, columns);
    if (errno !== 0) throw new BerthError("conflict", `the process's terminal could not be resized (errno ${errno})`);
  }

  async attach(options: AttachedStreams, whileHeld?: () => void): Promise<AttachStream> {
    const control = await Control.connect(this.#directory, { onState() {}, onEnd() {} });
    if (control === undefined) throw new BerthError("conflict", "the process is not running");
    const { connection, first } = await control.attach(
      (options.stdin ? attachFlag.stdin : 0) |
        (options.stdout ? attachFlag.stdout : 0) |
        (options.stderr ? attachFlag.stderr : 0),
      whileHeld,
    );
    const done = Promise.withResolvers<void>();
    this.#streams.add(done.promise);
    const taken = (): void => {
      this.#streams.delete(done.promise);
      done.resolve();
    };
    const close = (): void => {
      connection.close();
      if (options.lingerMs === undefined) taken();
      else setTimeout(taken, options.lingerMs);
    };
    return {
      readable: (async function* () {
        if (first.length > 0) yield first;
        for (let chunk = await connection.read(); chunk !== undefined; chunk = await connection.read()) yield chunk;
        close();
      })(),
      write: (bytes) => connection.write(bytes),
      endInput: () => connection.endWrite(),
      close,
    };
  }

  outputTaken(): Promise<unknown> | undefined {
    return this.#streams.size === 0 ? undefined : Promise.all(this.#streams);
  }

  async exited(): Promise<ExitStatus> {
    const state = await this.until(() => false);
    if (state.phase === "failed") throw launchFailed(state.failure);
    return state.exit;
  }

  onLogRotated(listener: () => void): void {
    this.#onRotated = listener;
  }

  onOom(listener: () => void): void {
    this.#onOom = listener;
  }

  async logTaken(file: bigint): Promise<void> {
    await this.#request(requestType.logTaken, Number(file & 0xffffffffn), Number(file >> 32n)).catch(() => undefined);
  }

  detach(): void {
    this.#detached = true;
    this.#control?.close();
  }

  #listener(): { onState(state: ShimState): void; onRotated(): void; onOom(): void; onEnd(): void } {
    return {
      onState: (state) => {
        this.#state = state;
        this.#wake();
      },
      onRotated: () => this.#onRotated(),
      onOom: () => this.#onOom(),
      onEnd: () => this.#onEnd(),
    };
  }

  /** The shim leaves only when its status is durable; otherwise it was killed or the machine went down. */
  #onEnd(): void {
    if (this.#state === undefined || !isFinal(this.#state)) {
      const last = this.#detached ? undefined : readStatus(this.#directory);
      if (last !== undefined) this.#state = last;
      else this.#lost = new BerthError("unavailable", "the process's monitor is gone and left no status");
    }
    this.#wake();
  }

  #wake(): void {
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const watcher of watchers) watcher();
  }

  async #request(type: number, a: number, b = 0): Promise<number> {
    if (this.#control === undefined || (this.#state !== undefined && isFinal(this.#state))) return noSuchProcess;
    try {
      return await this.#control.request(type, a, b);
    } catch (error) {
      // It ended before it read the request; its status says so by now.
      if (this.#state !== undefined && isFinal(this.#state)) return noSuchProcess;
      throw error;
    }
  }
}

function isFinal(state: ShimState): boolean {
  return state.phase === "exited" || state.phase === "failed";
}

function neverStarted({ phase, startedAtNs }: ShimState): boolean {
  return phase === "exited" && startedAtNs === 0n;
}
