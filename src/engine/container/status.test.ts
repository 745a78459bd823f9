import { describe, expect, test } from "bun:test";
import { initialStatus, transition, type Status, type StatusEvent } from "./status.ts";

const live = { pid: 7, startedAtNs: "1" };
const ended = { exitCode: 3, oomKilled: false, error: "", startedAtNs: "1", finishedAtNs: "2" };
const statuses: Readonly<Record<Status["state"], Status>> = {
  created: initialStatus,
  starting: { state: "starting", before: initialStatus },
  running: { state: "running", ...live },
  paused: { state: "paused", ...live },
  restarting: { state: "restarting", ...ended },
  exited: { state: "exited", ...ended },
  removing: { state: "removing", before: initialStatus },
  dead: { state: "dead", error: "busy" },
};
const events: Readonly<Record<StatusEvent["type"], StatusEvent>> = {
  start: { type: "start" },
  launched: { type: "launched", ...live },
  "start-failed": { type: "start-failed", exitCode: 127, error: "no" },
  pause: { type: "pause" },
  unpause: { type: "unpause" },
  exited: { type: "exited", exitCode: 9, oomKilled: true, finishedAtNs: "5" },
  "restart-planned": { type: "restart-planned" },
  remove: { type: "remove" },
  "remove-failed": { type: "remove-failed", error: "busy" },
};

/** The drawn table, as the next state of every pair; what is missing is refused. */
const table: Readonly<Record<StatusEvent["type"], Partial<Record<Status["state"], Status["state"]>>>> = {
  start: { created: "starting", exited: "starting", restarting: "starting" },
  launched: { starting: "running" },
  "start-failed": { starting: "created" },
  pause: { running: "paused" },
  unpause: { paused: "running" },
  exited: { starting: "exited", running: "exited", paused: "exited", restarting: "exited" },
  "restart-planned": { exited: "restarting" },
  remove: { created: "removing", exited: "removing", restarting: "removing", removing: "removing", dead: "removing" },
  "remove-failed": { removing: "dead" },
};

describe("transition", () => {
  for (const [type, event] of Object.entries(events)) {
    for (const [state, status] of Object.entries(statuses)) {
      const next = table[type as StatusEvent["type"]][state as Status["state"]];
      test(`${state} + ${type} = ${next ?? "refused"}`, () => {
        const answer = transition(status, event);
        if (next === undefined) expect(answer).toEqual({ refused: status.state });
        else expect("next" in answer ? answer.next.state : undefined).toBe(next);
      });
    }
  }

  test("a failed start keeps how the last run ended, and says why", () => {
    const starting = transition(statuses.exited, events.start);
    const failed = "next" in starting ? transition(starting.next, events["start-failed"]) : starting;
    expect(failed).toEqual({ next: { state: "exited", ...ended, exitCode: 127, error: "no" } });
  });
});
