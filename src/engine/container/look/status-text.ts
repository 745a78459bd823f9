import { humanDuration } from "#base/units.ts";
import type { Health } from "../../health/health.ts";
import type { Status } from "../status.ts";

const healthWords = { starting: "health: starting", healthy: "healthy", unhealthy: "unhealthy" } as const;

/** The STATUS column of `docker ps`: `Up 5 minutes (healthy)`, `Up 5 minutes (Paused)`, `Exited (0) 2 hours ago`, `Created`. */
export function statusText(status: Status, nowNs: bigint, health?: Health): string {
  const since = (ns: string): string => humanDuration(Number((nowNs - BigInt(ns)) / 1_000_000n));
  switch (status.state) {
    case "created":
      return "Created";
    case "starting":
      return statusText(status.before, nowNs);
    case "running":
      return `Up ${since(status.startedAtNs)}${health === undefined ? "" : ` (${healthWords[health.status]})`}`;
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
