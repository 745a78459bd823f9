import { BerthError } from "#base/errors.ts";
import type {
  AttachedStreams,
  AttachStream,
  BegunLaunch,
  ExitStatus,
  LaunchRequest,
  ShimLauncher,
  StepFailure,
  SupervisedProcess,
} from "#runtime/types.ts";
import { encodeFrame } from "#spec/docker/stdcopy.ts";

/** What a fake process can do; its argv[0] chooses it by name. */
export interface FakeIo {
  readonly argv: readonly string[];
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Next input, undefined at its end. */
  readonly input: () => Promise<Uint8Array | undefined>;
  /** Resolves with the first signal. */
  readonly signalled: Promise<number>;
}

/** Resolves with the exit code. */
export type FakeProgram = (io: FakeIo) => Promise<number>;

const programs: Readonly<Record<string, FakeProgram>> = {
  echo: async ({ argv, out }) => {
    out(`${argv.slice(1).join(" ")}\n`);
    return 0;
  },
  complain: async ({ argv, err }) => {
    err(`${argv.slice(1).join(" ")}\n`);
    return 3;
  },
  true: async () => 0,
  exit: async ({ argv }) => Number(argv[1]),
  sleep: async ({ signalled }) => 128 + (await signalled),
  cat: async ({ input, out }) => {
    for (let chunk = await input(); chunk !== undefined; chunk = await input()) out(Buffer.from(chunk).toString());
    return 0;
  },
};

/** Runs {@link programs} in this process, with the launcher's contract: nothing runs before go(). */
export class FakeLauncher implements ShimLauncher {
  readonly processes = new Map<string, FakeProcess>();
  /** The next launch fails at this step. */
  failNext: StepFailure | undefined;
  nextPid = 1000;

  /** Shims that were begun and neither launched nor abandoned. */
  begun = 0;

  begin(): BegunLaunch {
    this.begun++;
    let settled = false;
    const settle = (): void => {
      if (!settled) this.begun--;
      settled = true;
    };
    return {
      launch: (request) => {
        settle();
        return this.launch(request);
      },
      makeNetwork() {},
      makeCgroups() {},
      abandon: async () => settle(),
    };
  }

  async launch(request: LaunchRequest): Promise<SupervisedProcess> {
    if (this.failNext !== undefined) {
      const failure = this.failNext;
      this.failNext = undefined;
      throw new BerthError("internal", "step failed", { details: { failure } });
    }
    const process = new FakeProcess(request, this.nextPid++);
    this.processes.set(request.dir, process);
    await request.onNetwork?.(`/proc/${process.pid}/ns/net`);
    await request.onMonitor?.(process);
    return process;
  }

  async recover(dir: string): ReturnType<ShimLauncher["recover"]> {
    const process = this.processes.get(dir);
    if (process === undefined) return { state: "lost" };
    if (process.status !== undefined) return { state: "exited", status: process.status };
    return { state: process.started ? "running" : "ready", process };
  }
}

class FakeAttach implements AttachStream {
  readonly #queue: Uint8Array[] = [];
  #wake = (): void => {};
  #ended = false;
  readonly #onInput: (bytes: Uint8Array | undefined) => void;
  readonly #streams: { readonly stdout: boolean; readonly stderr: boolean };

  constructor(
    streams: { readonly stdout: boolean; readonly stderr: boolean },
    onInput: (bytes: Uint8Array | undefined) => void,
  ) {
    this.#streams = streams;
    this.#onInput = onInput;
  }

  offer(stream: "stdout" | "stderr", bytes: Uint8Array): void {
    if (!this.#streams[stream]) return;
    this.#queue.push(bytes);
    this.#wake();
  }

  close(): void {
    this.#ended = true;
    this.#wake();
  }

  get readable(): AsyncIterable<Uint8Array> {
    return this.#read();
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#queue.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#onInput(bytes);
  }

  endInput(): void {
    this.#onInput(undefined);
  }
}

class FakeProcess implements SupervisedProcess {
  readonly pid: number;
  readonly startTicks = 1n;
  readonly monitorPid = 1;
  readonly request: LaunchRequest;
  started = false;
  status: ExitStatus | undefined;
  /** What {@link outputTaken} gives. */
  taking: Promise<unknown> | undefined;
  readonly sizes: (readonly [number, number])[] = [];
  readonly #attaches = new Set<FakeAttach>();
  readonly #input: (Uint8Array | undefined)[] = [];
  #inputWake = (): void => {};
  readonly #exit = Promise.withResolvers<ExitStatus>();
  readonly #signalled = Promise.withResolvers<number>();
  readonly #killed = Promise.withResolvers<number>();

  constructor(request: LaunchRequest, pid: number) {
    this.request = request;
    this.pid = pid;
  }

  async go(): Promise<{ readonly startedAtNs: bigint }> {
    const { argv } = this.request.plan.exec;
    const program = programs[argv[0] ?? ""];
    if (program === undefined) {
      this.#end(0, 0);
      throw new BerthError("internal", "exec", {
        details: { failure: { step: this.request.plan.steps.length, errno: 2, what: "execve" } },
      });
    }
    this.started = true;
    const io: FakeIo = {
      argv,
      out: (text) => this.#write("stdout", text),
      err: (text) => this.#write("stderr", text),
      input: async () => {
        while (this.#input.length === 0) await new Promise<void>((resolve) => (this.#inputWake = resolve));
        return this.#input.shift();
      },
      signalled: this.#signalled.promise,
    };
    void Promise.race([program(io), this.#killed.promise]).then((code) => this.#end(code, 0));
    return { startedAtNs: 1_000_000_000n };
  }

  async attach(options: AttachedStreams, whileHeld?: () => void): Promise<AttachStream> {
    whileHeld?.();
    const attach = new FakeAttach(options, (bytes) => {
      if (!options.stdin) return;
      this.#input.push(bytes);
      this.#inputWake();
    });
    this.#attaches.add(attach);
    return attach;
  }

  outputTaken(): Promise<unknown> | undefined {
    return this.taking;
  }

  async resize(rows: number, columns: number): Promise<void> {
    this.sizes.push([rows, columns]);
  }

  async signal(signal: number): Promise<void> {
    if (this.status !== undefined) throw new BerthError("conflict", "the process is not running");
    this.#signalled.resolve(signal);
    if (signal === 9) this.#killed.resolve(137);
    if (!this.started && signal === 9) this.#end(137, 9);
  }

  exited(): Promise<ExitStatus> {
    return this.#exit.promise;
  }

  /** Its monitor is gone without a word. */
  lose(): void {
    for (const attach of this.#attaches) attach.close();
    this.#exit.reject(new BerthError("unavailable", "the process's monitor is gone and left no status"));
  }

  onLogRotated(): void {}

  onOom(): void {}

  async logTaken(): Promise<void> {}

  detach(): void {}

  #write(stream: "stdout" | "stderr", text: string): void {
    const bytes = Buffer.from(text);
    for (const attach of this.#attaches)
      attach.offer(stream, this.request.terminal ? bytes : encodeFrame(stream, bytes));
  }

  #end(exitCode: number, signal: number): void {
    for (const attach of this.#attaches) attach.close();
    this.status = { exitCode, signal, oomKilled: false, finishedAtNs: 2_000_000_000n };
    this.#exit.resolve(this.status);
  }
}
