import { isBerthError } from "#base/errors.ts";
import { formatTimeFixed, parseTime } from "#base/time.ts";
import { timestampParameter } from "#cli/format/timestamp.ts";
import type { ContainersApi } from "#client/containers-api.ts";
import type { ContainerState } from "#spec/docker/container.ts";
import type { LogPrinter } from "../apply/log-printer.ts";

export interface FollowedContainerDeps {
  readonly containers: Pick<ContainersApi, "inspect" | "logs">;
  readonly printer: Pick<LogPrinter, "sink" | "say">;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly id: string;
  /** In front of its lines. */
  readonly name: string;
  /** Its lines are shown with the times at which they were written. */
  readonly timestamps: boolean;
  /** What is wanted of what was written before, in the API's words. With `until` one run is followed. */
  readonly since: string;
  readonly until: string;
  readonly tail: string;
}

const pollMs = 100;
const stamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /u;

/**
 * One container's lines, each once, over as many runs as there are, however short they are. The engine's answer ends with a
 * run, and may hold the first lines of the next: what follows is asked for by the time of the last line seen.
 */
export class FollowedContainer {
  readonly #deps: FollowedContainerDeps;
  #isFollowed = false;
  /** Since its state was last asked for. */
  #startTold = false;
  #isAsked = false;
  /** When the last line that was seen was written. */
  #last: bigint | undefined;

  constructor(deps: FollowedContainerDeps) {
    this.#deps = deps;
  }

  get isFollowed(): boolean {
    return this.#isFollowed;
  }

  /**
   * To be called once more whenever a start is told. Resolves when it has ended, which is said if it was up, or has gone; at
   * once while it is followed.
   */
  async follow(): Promise<void> {
    this.#startTold = true;
    if (this.#isFollowed) return;
    this.#isFollowed = true;
    try {
      await this.#overRuns();
    } catch (error) {
      if (!isBerthError(error, "not-found")) throw error;
    } finally {
      this.#isFollowed = false;
    }
  }

  async #overRuns(): Promise<void> {
    const { containers, printer, id, name, until } = this.#deps;
    const { State, Config } = await containers.inspect(id);
    let before = State;
    let wasUp = State.Running;
    for (;;) {
      await this.#print(Config.Tty ?? false);
      if (until !== "") return;
      this.#startTold = false;
      const now = await this.#settled();
      // A start that is told behind this line finds nobody who follows.
      if (!now.Running && now.StartedAt === before.StartedAt && !this.#startTold) {
        this.#isFollowed = false;
        if (wasUp) printer.say(name, `exited with code ${now.ExitCode}`);
        return;
      }
      before = now;
      wasUp = true;
    }
  }

  /** Not about to be started again by its policy. */
  async #settled(): Promise<ContainerState> {
    const { containers, sleep, id } = this.#deps;
    for (;;) {
      const { State } = await containers.inspect(id);
      if (!State.Restarting) return State;
      await sleep(pollMs);
    }
  }

  /** To the end of its run. */
  async #print(terminal: boolean): Promise<void> {
    const { containers, printer, id, name, timestamps, since, until, tail } = this.#deps;
    const last = this.#last;
    const chunks = await containers.logs(id, {
      stdout: true,
      stderr: true,
      follow: true,
      timestamps: true,
      since: last === undefined ? since : timestampParameter(formatTimeFixed(last + 1n), 0),
      until,
      tail: this.#isAsked ? "all" : tail,
    });
    this.#isAsked = true;
    const sink = printer.sink(name, terminal, (line) => {
      const time = stamp.exec(line)?.[0];
      if (time === undefined) return line;
      const written = parseTime(time.trimEnd());
      if (this.#last === undefined || written > this.#last) this.#last = written;
      return timestamps ? line : line.slice(time.length);
    });
    for await (const chunk of chunks) sink.push(chunk);
    sink.end();
  }
}
