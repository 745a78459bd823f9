import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { watchName, type DirectoryWatch } from "#host/files/directory-watch.ts";
import { parentOf } from "#host/files/files.ts";
import type { SupervisedProcess } from "#runtime/types.ts";
import type { FilesInUse } from "../files/files-in-use.ts";
import { CursorFile } from "./cursor-file.ts";
import type { LogMessage, Receiver } from "./receiver.ts";
import { RecordSource, type LogPlace } from "./record-source.ts";

export interface ForwarderDeps {
  readonly path: string;
  readonly inUse: FilesInUse;
  /** Makes a receiver anew after it failed. */
  readonly open: () => Promise<Receiver>;
  readonly log: Log;
  readonly firstRetryMs: number;
  /** After so many failures the messages in hand are given up; undefined = never. */
  readonly maxRetries: number | undefined;
  /** A file was sent to its end. */
  readonly onSent: () => void;
}

const longestRetryMs = 10_000;
const saveEveryMs = 1000;
const stopMs = 500;

/**
 * Carries one container's log to its receiver:
 *
 *   log files ── next() ──▶ messages ── send(), again until it succeeds ──▶ place noted
 *       ▲                                                                     │
 *       └────────────── wait for a change, or the run's end ◀── nothing there ┘
 *
 * It ends when the run has ended and all was sent, or when it is stopped. The place is written down every second and at
 * the end, so another engine goes on from there.
 */
export class Forwarder {
  readonly #deps: ForwarderDeps;
  readonly #cursor: CursorFile;
  readonly #source: RecordSource;
  readonly #watch: DirectoryWatch;
  readonly #stop = new AbortController();
  #receiver: Receiver | undefined;
  #process: SupervisedProcess | undefined;
  /** Behind what the receiver has. */
  #sent: LogPlace | undefined;
  #savedAt = 0;
  #unsaved = false;
  #failing = false;
  /** Resolves when it has ended. */
  readonly finished: Promise<void>;

  /** `receiver`: one that is open already. `process` undefined = the run has ended before. */
  constructor(deps: ForwarderDeps, receiver: Receiver | undefined, process: SupervisedProcess | undefined) {
    this.#deps = deps;
    this.#receiver = receiver;
    this.#cursor = new CursorFile(deps.path);
    this.#source = new RecordSource(deps.path, this.#cursor.read(), deps.inUse);
    this.#watch = watchName(parentOf(deps.path), deps.path.slice(deps.path.lastIndexOf("/") + 1));
    if (process !== undefined) this.follow(process);
    this.finished = this.#run();
  }

  /** Another run of the container: go on until that has ended. */
  follow(process: SupervisedProcess): void {
    this.#process = process;
    const end = (): void => {
      if (this.#process === process) this.#process = undefined;
      this.#watch.touch();
    };
    process.exited().then(end, end);
  }

  /** Whether every line of the file with this id was sent. */
  hasSent(file: bigint): boolean {
    return file < (this.#sent?.file ?? 0n);
  }

  /** End at once; what was not sent stays for another. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#receiver?.close();
    this.#watch.touch();
    // A connection that is being made may take its time; nothing is sent over it any more.
    await Promise.race([this.finished, sleep(stopMs, undefined, { ref: false })]);
  }

  async #run(): Promise<void> {
    const { log } = this.#deps;
    try {
      while (!this.#stop.signal.aborted) {
        const ended = this.#process === undefined;
        const before = this.#source.place?.file;
        const { messages, lost } = this.#source.next();
        if (lost) log.warn("log lines were rotated away before they were sent");
        if (messages.length > 0) await this.#deliver(messages);
        const place = this.#source.place;
        if (place !== undefined && place.file !== before) {
          await this.#process?.logTaken(place.file);
          if (before !== undefined) this.#deps.onSent();
        }
        if (messages.length > 0) {
          // A container may write as fast as this reads, and a receiver take it at once: others are to have their turn.
          await nextTurn();
          continue;
        }
        this.#save();
        if (ended) return;
        await this.#watch.changed();
      }
    } catch (error) {
      log.error("forwarding a log ended", { error: messageOf(error) });
    } finally {
      this.#save();
      this.#receiver?.close();
      this.#receiver = undefined;
      this.#source.close();
      this.#watch.close();
    }
  }

  async #deliver(messages: readonly LogMessage[]): Promise<void> {
    const { log, maxRetries, firstRetryMs } = this.#deps;
    let pauseMs = firstRetryMs;
    for (let failures = 0; ;) {
      try {
        this.#receiver ??= await this.#deps.open();
        if (this.#stop.signal.aborted) return;
        await this.#receiver.send(messages);
        if (this.#failing) log.info("log lines are received again");
        this.#failing = false;
        break;
      } catch (error) {
        this.#receiver?.close();
        this.#receiver = undefined;
        failures += 1;
        if (!this.#failing) log.warn("log lines are not received; they wait", { error: messageOf(error) });
        this.#failing = true;
      }
      if (maxRetries !== undefined && failures > maxRetries) {
        log.warn("log lines are given up after too many failures", { lines: messages.length });
        break;
      }
      await sleep(pauseMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => undefined);
      // Not delivered: the place noted last is before them.
      if (this.#stop.signal.aborted) return;
      pauseMs = Math.min(longestRetryMs, pauseMs * 2);
    }
    this.#sent = this.#source.place;
    this.#unsaved = true;
    if (Date.now() - this.#savedAt >= saveEveryMs) this.#save();
  }

  #save(): void {
    if (!this.#unsaved || this.#sent === undefined) return;
    this.#unsaved = false;
    this.#savedAt = Date.now();
    this.#cursor.write(this.#sent);
  }
}
