import type { Json } from "./worker-messages.ts";

export interface WorkerRun<R> {
  /** The task's answer. Rejects with the task's BerthError, `cancelled` after abort, `internal` when the worker died. */
  readonly result: Promise<R>;
  /** Say something to the running task. Ignored when it has ended. */
  send(message: Json): void;
  /** Ask the task to stop: its signal aborts, and its process is killed when it does not end within two seconds. */
  abort(): void;
}

/** Work off the main thread. What `start` is given and what comes back is JSON. */
export interface WorkerPool {
  start<R extends Json>(task: string, input: Json, onMessage?: (message: Json) => void): WorkerRun<R>;
  /** Kills what runs (their results reject with `cancelled`) and waits until every process is gone. */
  close(): Promise<void>;
}
