import { setTimeout as sleep } from "node:timers/promises";
import { BerthError, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { SupervisedProcess } from "#runtime/types.ts";
import type { FilesInUse } from "../files/files-in-use.ts";
import { initializePrefix } from "../options/plan-log.ts";
import type { LogOwner } from "../types.ts";
import { CursorFile } from "./cursor-file.ts";
import { Forwarder } from "./forwarder.ts";
import { openReceiver } from "./open-receiver.ts";
import type { Receiver } from "./receiver.ts";

const firstRetryMs = 100;
/** How long a removal waits for the last lines. */
const lastWordsMs = 3000;

export interface LogForwardingDeps {
  readonly log: Log;
  readonly inUse: FilesInUse;
  /** The engine's own. */
  readonly pid: number;
  /** A file was sent to its end. */
  readonly onSent: (owner: LogOwner) => void;
}

/** Every container whose lines go to a receiver, each with its forwarder. */
export class LogForwarding {
  readonly #deps: LogForwardingDeps;
  readonly #forwarders = new Map<string, Forwarder>();
  readonly #opened = new Map<string, Receiver>();

  constructor(deps: LogForwardingDeps) {
    this.#deps = deps;
  }

  /**
   * Before a run. docker-compat: the first one fails when the receiver cannot be reached; later ones go on where the
   * receiver was left, and their lines wait for it.
   */
  async begin(owner: LogOwner): Promise<void> {
    const { receiver } = owner.plan;
    if (receiver === undefined || (receiver.driver === "fluentd" && receiver.async)) return;
    const id = owner.subject.containerId;
    if (this.#forwarders.has(id) || new CursorFile(owner.path).read() !== undefined) return;
    this.#opened.get(id)?.close();
    try {
      this.#opened.set(id, await openReceiver(owner, this.#deps.pid));
    } catch (error) {
      throw new BerthError("internal", `${initializePrefix}${messageOf(error)}`, { cause: error });
    }
  }

  /** Forward until the run has ended; without one, what an ended run left. */
  follow(owner: LogOwner, process: SupervisedProcess | undefined): void {
    const id = owner.subject.containerId;
    const running = this.#forwarders.get(id);
    if (running !== undefined) {
      if (process !== undefined) running.follow(process);
      return;
    }
    const { log, inUse, pid, onSent } = this.#deps;
    const { retries, pauseMs } = patience(owner);
    const forwarder = new Forwarder(
      {
        path: owner.path,
        inUse,
        open: () => openReceiver(owner, pid),
        log: log.with({ container: id, driver: owner.plan.receiver?.driver ?? "" }),
        firstRetryMs: pauseMs,
        maxRetries: retries,
        onSent: () => onSent(owner),
      },
      this.#opened.get(id),
      process,
    );
    this.#opened.delete(id);
    this.#forwarders.set(id, forwarder);
    void forwarder.finished.then(() => {
      if (this.#forwarders.get(id) === forwarder) this.#forwarders.delete(id);
      onSent(owner);
    });
  }

  hasSent(containerId: string, file: bigint | undefined): boolean {
    const forwarder = this.#forwarders.get(containerId);
    return forwarder === undefined || (file !== undefined && forwarder.hasSent(file));
  }

  /** Give the last lines a moment, then stop. */
  async forget(containerId: string): Promise<void> {
    this.#opened.get(containerId)?.close();
    this.#opened.delete(containerId);
    const forwarder = this.#forwarders.get(containerId);
    if (forwarder === undefined) return;
    await Promise.race([forwarder.finished, sleep(lastWordsMs, undefined, { ref: false })]);
    await forwarder.stop();
  }

  /** What was not sent is sent by the next engine. */
  async close(): Promise<void> {
    for (const receiver of this.#opened.values()) receiver.close();
    await Promise.all([...this.#forwarders.values()].map((forwarder) => forwarder.stop()));
  }
}

/** Lines are given up only where a person said after how many attempts. */
function patience({ plan }: LogOwner): { readonly retries: number | undefined; readonly pauseMs: number } {
  const { receiver } = plan;
  if (receiver?.driver === "fluentd") return { retries: receiver.maxRetries, pauseMs: receiver.retryWaitMs };
  if (receiver?.driver === "gelf" && receiver.transport === "tcp") {
    return { retries: receiver.maxReconnects, pauseMs: receiver.reconnectDelaySeconds * 1000 };
  }
  return { retries: undefined, pauseMs: firstRetryMs };
}
