import { isBerthError, messageOf } from "#base/errors.ts";

import type { FromWorker, Json, ToWorker } from "./worker-messages.ts";

export interface TaskContext {
  /** Called for every message the pool's user sends; messages that came before are delivered at once. */
  onMessage(receive: (message: Json) => void): void;
  send(message: Json): void;
  readonly signal: AbortSignal;
}

export type Task = (input: Json, context: TaskContext) => Promise<Json>;

/**
 * The worker process's side of a pool: carry out tasks by name until the pool's process goes away, then exit. Returns at
 * once; call it from a composition root that was started with the pool's command.
 */
export function serveTasks(tasks: Readonly<Record<string, Task>>): void {
  const running = new Map<number, { readonly deliver: (message: Json) => void; readonly controller: AbortController }>();
  const post = (message: FromWorker): void => void process.send?.(message);

  const start = async (id: number, name: string, input: Json): Promise<void> => {
    const controller = new AbortController();
    const early: Json[] = [];
    let receive: ((message: Json) => void) | undefined;
    running.set(id, {
      controller,
      deliver: (message) => (receive === undefined ? void early.push(message) : receive(message)),
    });
    try {
      const task = tasks[name];
      if (task === undefined) throw new Error(`no task ${name}`);
      const value = await task(input, {
        signal: controller.signal,
        send: (message) => post({ kind: "message", id, message }),
        onMessage: (callback) => {
          receive = callback;
          for (const message of early.splice(0)) callback(message);
        },
      });
      post({ kind: "result", id, value });
    } catch (error) {
      post({ kind: "error", id, error: encodeError(error) });
    } finally {
      running.delete(id);
    }
  };

  process.on("message", (message: ToWorker) => {
    if (message.kind === "start") void start(message.id, message.task, message.input);
    else if (message.kind === "send") running.get(message.id)?.deliver(message.message);
    else running.get(message.id)?.controller.abort();
  });
  process.on("disconnect", () => process.exit(0));
}

function encodeError(error: unknown): Extract<FromWorker, { kind: "error" }>["error"] {
  if (!isBerthError(error)) return { kind: "internal", message: messageOf(error), details: {} };
  // Only what JSON can carry survives the journey.
  const details = JSON.parse(JSON.stringify(error.details)) as Json;
  return { kind: error.kind, message: error.message, details, ...(error.hint === undefined ? {} : { hint: error.hint }) };
}
