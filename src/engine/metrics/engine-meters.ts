import type { RunProbe } from "../health/health-monitor.ts";
import type { Clock, Events } from "../ports.ts";
import { DurationHistogram } from "./duration-histogram.ts";

/** What dockerd times too. */
const containerActions = ["changes", "commit", "create", "delete", "start"] as const;
export type ContainerAction = (typeof containerActions)[number];

/** Counts what the engine does, by standing between its parts. */
export class EngineMeters {
  readonly #clock: Pick<Clock, "nowNs">;
  readonly actions = new Map(containerActions.map((action) => [action, new DurationHistogram()]));
  healthChecks = 0;
  failedHealthChecks = 0;
  events = 0;

  constructor(deps: { readonly clock: Pick<Clock, "nowNs"> }) {
    this.#clock = deps.clock;
  }

  /** `act`, its successes timed. */
  timed<A extends readonly unknown[], R>(
    action: ContainerAction,
    act: (...args: A) => Promise<R>,
  ): (...args: A) => Promise<R> {
    return async (...args) => {
      const begunNs = this.#clock.nowNs();
      const result = await act(...args);
      this.actions.get(action)?.observe(Number(this.#clock.nowNs() - begunNs) / 1e9);
      return result;
    };
  }

  countedProbes(runProbe: RunProbe): RunProbe {
    return async (...args) => {
      const outcome = await runProbe(...args);
      this.healthChecks += 1;
      if (outcome.exitCode !== 0) this.failedHealthChecks += 1;
      return outcome;
    };
  }

  countedEvents(events: Events): Events {
    return {
      publish: (event) => {
        this.events += 1;
        events.publish(event);
      },
      subscribe: (options) => events.subscribe(options),
      get listeners() {
        return events.listeners;
      },
    };
  }
}
