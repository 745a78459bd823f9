/**
 * Where a container is in its life. Exactly one of these holds; what a state cannot have, it has no property for.
 *
 *                 ┌──────────────────────── start-failed ───────────────────────┐
 *                 ▼                                                             │
 *   created ── start ──▶ starting ── launched ──▶ running ◀─ unpause ─ paused   │
 *   exited  ── start ──▶    │  └──────────────────── │ ──── pause ──────▲       │
 *      ▲                    └───────────────────────── │ ──────────────────────────┘
 *      │                                             exited ── (restart policy) ──▶ restarting ── start ──▶ starting
 *      └─────────────────────────────────────────────┘                                 │ stop
 *   any but starting/running/paused ── remove ──▶ removing ── remove-failed ──▶ dead   └──────▶ exited
 *
 * | event \ state   | created | starting    | running    | paused  | restarting | exited   | removing | dead     |
 * |-----------------|---------|-------------|------------|---------|------------|----------|----------|----------|
 * | start           | starting| busy        | same       | paused! | starting   | starting | removing!| dead!    |
 * | launched        | -       | running     | -          | -       | -          | -        | -        | -        |
 * | start-failed    | -       | created/exited | -       | -       | -          | -        | -        | -        |
 * | pause           | -       | -           | paused     | -       | -          | -        | -        | -        |
 * | unpause         | -       | -           | -          | running | -          | -        | -        | -        |
 * | exited          | -       | exited      | exited     | exited  | exited     | -        | -        | -        |
 * | restart-planned | -       | -           | -          | -       | -          | restarting | -      | -        |
 * | remove          | removing| -           | -          | -       | removing   | removing | same     | removing |
 * | remove-failed   | -       | -           | -          | -       | -          | -        | dead     | -        |
 *
 * `-` refuses: the pair cannot be. Times are Unix nanoseconds as decimal strings, because the status is stored as JSON.
 */
export type Status =
  | { readonly state: "created"; readonly exitCode: number; readonly error: string }
  | { readonly state: "starting"; readonly before: RestingStatus }
  | ({ readonly state: "running" } & Live)
  | ({ readonly state: "paused" } & Live)
  | ({ readonly state: "restarting" } & Ended)
  | ({ readonly state: "exited" } & Ended)
  | { readonly state: "removing"; readonly before: RestingStatus | DeadStatus }
  | DeadStatus;

interface Live {
  readonly pid: number;
  readonly startedAtNs: string;
}

interface Ended {
  readonly exitCode: number;
  readonly oomKilled: boolean;
  readonly error: string;
  readonly startedAtNs: string;
  readonly finishedAtNs: string;
}

interface DeadStatus {
  readonly state: "dead";
  readonly error: string;
}

/** A status in which no process of the container exists and none is being made. */
export type RestingStatus = Extract<Status, { readonly state: "created" | "exited" | "restarting" }>;

export type StatusEvent =
  | { readonly type: "start" }
  | { readonly type: "launched"; readonly pid: number; readonly startedAtNs: string }
  | { readonly type: "start-failed"; readonly exitCode: number; readonly error: string }
  | { readonly type: "pause" }
  | { readonly type: "unpause" }
  | { readonly type: "exited"; readonly exitCode: number; readonly oomKilled: boolean; readonly finishedAtNs: string }
  | { readonly type: "restart-planned" }
  | { readonly type: "remove" }
  | { readonly type: "remove-failed"; readonly error: string };

/** `refused` names why, and the verb turns it into Docker's sentence. */
export type Transition = { readonly next: Status } | { readonly refused: Status["state"] };

export const initialStatus = { state: "created", exitCode: 0, error: "" } as const satisfies Status;

/** The one place where a status changes. Total: every pair of state and event has an answer. */
export function transition(status: Status, event: StatusEvent): Transition {
  const refused: Transition = { refused: status.state };
  switch (event.type) {
    case "start":
      return isResting(status) ? { next: { state: "starting", before: status } } : refused;
    case "launched":
      if (status.state !== "starting") return refused;
      return { next: { state: "running", pid: event.pid, startedAtNs: event.startedAtNs } };
    case "start-failed":
      return status.state === "starting" ? { next: failedStart(status.before, event) } : refused;
    case "pause":
      return status.state === "running" ? { next: { ...status, state: "paused" } } : refused;
    case "unpause":
      return status.state === "paused" ? { next: { ...status, state: "running" } } : refused;
    case "exited":
      return exitedFrom(status, event) ?? refused;
    case "restart-planned":
      return status.state === "exited" ? { next: { ...status, state: "restarting" } } : refused;
    case "remove":
      if (isResting(status) || status.state === "dead") return { next: { state: "removing", before: status } };
      return status.state === "removing" ? { next: status } : refused;
    case "remove-failed":
      return status.state === "removing" ? { next: { state: "dead", error: event.error } } : refused;
  }
}

function isResting(status: Status): status is RestingStatus {
  return status.state === "created" || status.state === "exited" || status.state === "restarting";
}

/** Has a process. */
export function isLive(status: Status): status is Extract<Status, { readonly state: "running" | "paused" }> {
  return status.state === "running" || status.state === "paused";
}

function failedStart(before: RestingStatus, event: { readonly exitCode: number; readonly error: string }): Status {
  if (before.state === "created") return { state: "created", exitCode: event.exitCode, error: event.error };
  return { ...before, state: "exited", exitCode: event.exitCode, error: event.error };
}

function exitedFrom(status: Status, event: Extract<StatusEvent, { readonly type: "exited" }>): Transition | undefined {
  const { exitCode, oomKilled, finishedAtNs } = event;
  switch (status.state) {
    case "running":
    case "paused":
      return {
        next: { state: "exited", exitCode, oomKilled, error: "", startedAtNs: status.startedAtNs, finishedAtNs },
      };
    case "starting":
      return { next: { state: "exited", exitCode, oomKilled, error: "", startedAtNs: finishedAtNs, finishedAtNs } };
    case "restarting":
      return { next: { ...status, state: "exited" } };
    case "created":
    case "exited":
    case "removing":
    case "dead":
      return undefined;
  }
}
