import { deferred, type Deferred } from "#base/async.ts";
import { BerthError, type ErrorKind } from "#base/errors.ts";

import type { FromWorker, Json, ToWorker } from "./worker-messages.ts";
import type { WorkerPool, WorkerRun } from "./worker-pool.ts";

interface Job {
  readonly id: number;
  readonly task: string;
  readonly input: Json;
  readonly onMessage: ((message: Json) => void) | undefined;
  readonly outcome: Deferred<Json>;
  /** Messages sent before a worker was free. */
  readonly early: Json[];
  worker: Worker | undefined;
  aborted: boolean;
}

interface Worker {
  readonly process: Bun.Subprocess;
  job: Job | undefined;
  idleTimer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * A pool of processes of this same program (memory goes back to the system when they end, and a crash stays theirs), each
 * doing one task at a time; tasks beyond `maxWorkers` wait in order. An idle worker ends after `idleMs`; every worker ends
 * when this process does, however that happens.
 */
export class ProcessWorkerPool implements WorkerPool {
  readonly #command: readonly string[];
  readonly #maxWorkers: number;
  readonly #idleMs: number;
  readonly #workers = new Set<Worker>();
  readonly #queue: Job[] = [];
  #nextId = 1;
  #closed = false;

  constructor(deps: {
    /** Starts this program so that it calls `serveTasks`: executable and arguments. */
    readonly command: readonly string[];
    readonly maxWorkers: number;
    readonly idleMs?: number;
  }) {
    this.#command = deps.command;
    this.#maxWorkers = deps.maxWorkers;
    this.#idleMs = deps.idleMs ?? 5000;
  }

  start<R extends Json>(task: string, input: Json, onMessage?: (message: Json) => void): WorkerRun<R> {
    if (this.#closed) throw new BerthError("unavailable", "the worker pool is closed");
    const outcome = deferred<Json>();
    const job: Job = { id: this.#nextId++, task, input, onMessage, outcome, early: [], worker: undefined, aborted: false };
    this.#queue.push(job);
    this.#assign();
    return {
      result: outcome.promise as Promise<R>,
      send: (message) => {
        if (job.worker === undefined) job.early.push(message);
        else if (job.worker.job === job) this.#post(job.worker, { kind: "send", id: job.id, message });
      },
      abort: () => this.#abort(job),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#queue.splice(0)) job.outcome.reject(cancelled());
    for (const worker of this.#workers) {
      if (worker.job !== undefined) worker.job.aborted = true;
      worker.process.kill("SIGKILL");
    }
    await Promise.all([...this.#workers].map((worker) => worker.process.exited));
  }

  #assign(): void {
    while (this.#queue.length > 0) {
      let worker = [...this.#workers].find((candidate) => candidate.job === undefined);
      if (worker === undefined) {
        if (this.#workers.size >= this.#maxWorkers) return;
        worker = this.#spawn();
      }
      const job = this.#queue.shift() as Job;
      clearTimeout(worker.idleTimer);
      worker.job = job;
      job.worker = worker;
      worker.process.ref();
      this.#post(worker, { kind: "start", id: job.id, task: job.task, input: job.input });
      for (const message of job.early.splice(0)) this.#post(worker, { kind: "send", id: job.id, message });
    }
  }

  #spawn(): Worker {
    const process = Bun.spawn([...this.#command], {
      stdio: ["ignore", "inherit", "inherit"],
      serialization: "json",
      ipc: (message) => this.#receive(worker, message as FromWorker),
      onExit: (_process, exitCode, signal) => this.#ended(worker, exitCode, signal),
    });
    const worker: Worker = { process, job: undefined, idleTimer: undefined };
    this.#workers.add(worker);
    return worker;
  }

  #receive(worker: Worker, message: FromWorker): void {
    const job = worker.job;
    if (job === undefined || message.id !== job.id) return;
    if (message.kind === "message") {
      job.onMessage?.(message.message);
      return;
    }
    worker.job = undefined;
    if (message.kind === "result") job.outcome.resolve(message.value);
    else job.outcome.reject(job.aborted ? cancelled() : decodeError(message.error));
    worker.process.unref();
    worker.idleTimer = setTimeout(() => worker.process.kill("SIGKILL"), this.#idleMs);
    worker.idleTimer.unref();
    this.#assign();
  }

  #ended(worker: Worker, exitCode: number | null, signal: number | string | null): void {
    clearTimeout(worker.idleTimer);
    this.#workers.delete(worker);
    const job = worker.job;
    worker.job = undefined;
    const how = signal === null ? `exit code ${exitCode}` : `signal ${signal}`;
    job?.outcome.reject(job.aborted ? cancelled() : new BerthError("internal", `the worker of ${job.task} ended with ${how}`));
    if (!this.#closed) this.#assign();
  }

  #abort(job: Job): void {
    if (job.aborted) return;
    job.aborted = true;
    const waiting = this.#queue.indexOf(job);
    if (waiting >= 0) {
      this.#queue.splice(waiting, 1);
      job.outcome.reject(cancelled());
      return;
    }
    const worker = job.worker;
    if (worker === undefined || worker.job !== job) return;
    this.#post(worker, { kind: "abort", id: job.id });
    setTimeout(() => {
      if (worker.job === job) worker.process.kill("SIGKILL");
    }, 2000).unref();
  }

  /** A worker that has just died cannot be told anything; its exit is reported separately. */
  #post(worker: Worker, message: ToWorker): void {
    try {
      worker.process.send(message);
    } catch {
      worker.process.kill("SIGKILL");
    }
  }
}

function cancelled(): BerthError {
  return new BerthError("cancelled", "the operation was cancelled");
}

function decodeError(error: { readonly kind: string; readonly message: string; readonly hint?: string; readonly details: Json }): BerthError {
  return new BerthError(error.kind as ErrorKind, error.message, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    details: error.details as Record<string, unknown>,
  });
}
