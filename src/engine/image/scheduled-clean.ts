import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { ImagesCleaned } from "#spec/berth/images.ts";
import type { CleanPolicy } from "./choose-unused.ts";

/** A clean-up that happens by itself. */
export interface CleanSchedule {
  readonly policy: CleanPolicy;
  readonly everyMs: number;
  readonly dryRun: boolean;
}

interface Deps {
  readonly schedule: () => CleanSchedule | undefined;
  readonly clean: (policy: CleanPolicy, options: { readonly dryRun: boolean }) => Promise<ImagesCleaned>;
  /** Calls back once after so many milliseconds; the result stops that. */
  readonly later: (ms: number, act: () => void) => () => void;
  readonly log: Log;
}

/** Cleans up again and again as `schedule` says, asked anew each time; never while it says undefined. */
export class ScheduledClean {
  readonly #deps: Deps;
  #stop: () => void = () => {};
  #isClosed = false;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Wait for the next time. Call again when the schedule changed. */
  start(): void {
    this.#stop();
    const schedule = this.#deps.schedule();
    if (schedule === undefined || this.#isClosed) return;
    this.#stop = this.#deps.later(schedule.everyMs, () => {
      void this.#run().finally(() => this.start());
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  async #run(): Promise<void> {
    const { schedule, clean, log } = this.#deps;
    const now = schedule();
    if (now === undefined) return;
    try {
      const { Images, SpaceReclaimed } = await clean(now.policy, { dryRun: now.dryRun });
      if (Images.length === 0) return;
      const images = Images.map(({ Id, Names }) => Names[0] ?? Id).join(", ");
      log.info(now.dryRun ? "unused images would be removed" : "unused images were removed", {
        images,
        bytes: SpaceReclaimed,
      });
    } catch (error) {
      log.warn("images were not cleaned up", { error: messageOf(error) });
    }
  }
}
