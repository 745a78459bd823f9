import { humanDuration } from "#base/units.ts";
import type { Status } from "./status.ts";

/** The STATUS column of `docker ps`: `Up 5 minutes (Paused)`, `Exited (0) 2 hours ago`, `Created`. */
export function statusText(status: Status, nowNs: bigint): string {
  const since = (ns: string): string => humanDuration(Number((nowNs - BigInt(ns)) / 1_000_000n));
  switch (status.state) {
    case "created":
      return "Created";
    case "starting":
      return statusText(status.before, nowNs);
    case "running":
      return `Up ${since(status.startedAtNs)}`;
    case "paused":
      return `Up ${since(status.startedAtNs)} (Paused)`;
    case "restarting":
      return `Restarting (${status.exitCode}) ${since(status.finishedAtNs)} ago`;
    case "exited":
      return `Exited (${status.exitCode}) ${since(status.finishedAtNs)} ago`;
    case "removing":
      return "Removal In Progress";
    case "dead":
      return "Dead";
  }
}
