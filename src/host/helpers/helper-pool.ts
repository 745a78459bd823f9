import { deferred, type Deferred } from "#base/async.ts";
import { BerthError, cancelled } from "#base/errors.ts";
import { encodeLine, lines, type FromHelper, type Json, type ToHelper } from "./helper-protocol.ts";

const IDLE_MS = 2_000;

/** One task under way in a helper. */
export interface HelperRun {
  /** `cancelled` after {@link abort}; the task's own error; `internal` when the helper died. */
  readonly result: Promise<Json>;
  send(message: Json): void;
  /** End the helper at once. What it was doing stays half done. */
  abort(): void;
}

/** Runs tasks away from the engine's event loop. */
export interface Helpers {
  /** `onMessage` hears what the task says while at work. Waits for its turn when all helpers are busy. */
  start(task: string, input: Json, onMessage: (message: Json) => void): HelperRun;
  /** Have a helper ready for a task that is about to come. */
  warm(): void;
  /** End all helpers. */
  close(): void;
}

/**
 * Helpers as processes of their own: a crash, hostile input or a large heap stays with them, and their memory goes back
 * to the system when they end, which they do a few seconds after their last task, or when the engine dies.
 */
export class HelperPool implements Helpers {
  readonly #command: readonly string[];
  readonly #size: number;
  readonly #idle: HelperProcess[] = [];
  readonly #all = new Set<HelperProcess>();
  readonly #waiting: (() => void)[] = [];
  #closed = false;

  /** `command` starts a process that calls `serveHelper`; at most `size` of them live at a time. */
  constructor(deps: { readonly command: readonly string[]; readonly size: number }) {
    this.#command = deps.command;
    this.#size = Math.max(1, deps.size);
  }

  start(task: string, input: Json, onMessage: (message: Json) => void): HelperRun {
    const early: Json[] = [];
    let helper: HelperProcess | undefined;
    let aborted = false;
    let ended = false;
    const outcome = deferred<Json>();
    outcome.promise.catch(() => undefined);
    const begin = (): void => {
      if (aborted) {
        this.#next();
        return;
      }
      helper = this.#take();
      const mine = helper;
      mine.run(task, input, onMessage).then(
        (result) => {
          ended = true;
          this.#giveBack(mine);
          outcome.resolve(result);
        },
        (error: unknown) => {
          ended = true;
          this.#giveBack(mine);
          outcome.reject(aborted ? cancelled() : error);
        },
      );
      for (const message of early.splice(0)) mine.say({ message });
    };
    if (this.#idle.length > 0 || this.#all.size < this.#size) begin();
    else this.#waiting.push(begin);
    return {
      result: outcome.promise,
      send: (message) => {
        if (helper === undefined) early.push(message);
        else if (!ended) helper.say({ message });
      },
      abort: () => {
        // The helper may be at someone else's task by now.
        if (ended) return;
        aborted = true;
        if (helper === undefined) outcome.reject(cancelled());
        else helper.kill();
      },
    };
  }

  warm(): void {
    if (this.#idle.length === 0 && this.#all.size < this.#size && !this.#closed) this.#rest(this.#spawn());
  }

  close(): void {
    this.#closed = true;
    for (const helper of this.#all) helper.kill();
  }

  #take(): HelperProcess {
    for (let helper = this.#idle.pop(); helper !== undefined; helper = this.#idle.pop()) {
      if (!helper.isKilled) return helper;
    }
    return this.#spawn();
  }

  #spawn(): HelperProcess {
    if (this.#closed) throw new BerthError("unavailable", "the engine is shutting down");
    const helper = new HelperProcess(this.#command, () => {
      this.#all.delete(helper);
      const place = this.#idle.indexOf(helper);
      if (place >= 0) this.#idle.splice(place, 1);
      this.#next();
    });
    this.#all.add(helper);
    return helper;
  }

  #giveBack(helper: HelperProcess): void {
    // One that was killed may have told its result just before.
    if (!this.#all.has(helper) || helper.isKilled) return;
    this.#rest(helper);
    this.#next();
  }

  #rest(helper: HelperProcess): void {
    this.#idle.push(helper);
    helper.endAfter(IDLE_MS);
  }

  #next(): void {
    if (this.#waiting.length === 0 || this.#closed) return;
    if (this.#idle.length > 0 || this.#all.size < this.#size) this.#waiting.shift()?.();
  }
}

class HelperProcess {
  readonly #process: Bun.Subprocess<"pipe", "pipe", "inherit">;
  #outcome: Deferred<Json> | undefined;
  #onMessage: (message: Json) => void = () => {};
  #timer: Timer | undefined;
  #ended = false;
  #killed = false;

  constructor(command: readonly string[], onEnd: () => void) {
    this.#process = Bun.spawn([...command], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    this.#process.unref();
    void this.#listen(onEnd);
  }

  run(task: string, input: Json, onMessage: (message: Json) => void): Promise<Json> {
    clearTimeout(this.#timer);
    this.#process.ref();
    this.#onMessage = onMessage;
    const outcome = deferred<Json>();
    this.#outcome = outcome;
    if (this.#ended) outcome.reject(died());
    else this.say({ start: task, input });
    return outcome.promise;
  }

  say(value: ToHelper): void {
    if (this.#ended || this.#killed) return;
    const { stdin } = this.#process;
    void stdin.write(encodeLine(value));
    void Promise.resolve(stdin.flush()).catch(() => undefined);
  }

  endAfter(milliseconds: number): void {
    this.#process.unref();
    this.#timer = setTimeout(() => this.kill(), milliseconds);
    this.#timer.unref();
  }

  /** It will not do anything any more, though it may not be gone yet. */
  get isKilled(): boolean {
    return this.#killed;
  }

  kill(): void {
    this.#killed = true;
    this.#process.kill("SIGKILL");
  }

  async #listen(onEnd: () => void): Promise<void> {
    try {
      for await (const line of lines(this.#process.stdout)) this.#hear(JSON.parse(line) as FromHelper);
    } finally {
      this.#ended = true;
      clearTimeout(this.#timer);
      await this.#process.exited;
      onEnd();
      this.#settle((outcome) => outcome.reject(died()));
    }
  }

  #hear(value: FromHelper): void {
    if ("message" in value) {
      this.#onMessage(value.message);
      return;
    }
    this.#settle((outcome) => {
      if ("result" in value) outcome.resolve(value.result);
      else {
        const details = value.error.details as Readonly<Record<string, unknown>>;
        outcome.reject(new BerthError(value.error.kind, value.error.message, { details }));
      }
    });
  }

  #settle(how: (outcome: Deferred<Json>) => void): void {
    const outcome = this.#outcome;
    this.#outcome = undefined;
    if (outcome !== undefined) how(outcome);
  }
}

function died(): BerthError {
  return new BerthError("internal", "a helper process ended unexpectedly");
}
