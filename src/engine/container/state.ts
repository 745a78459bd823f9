import { formatTime, ZERO_TIME } from "#base/time.ts";
import type { ContainerHealth, ContainerState, ContainerStateName } from "#spec/docker/container.ts";
import type { Life } from "./spec.ts";
import type { Status } from "./status.ts";

/** The name Docker has for a status; what is being started is still what it was. */
export function stateName(status: Status): ContainerStateName {
  return status.state === "starting" ? stateName(status.before) : status.state;
}

const at = (ns: string): string => formatTime(BigInt(ns));

/** Inspect's `State`. */
export function containerState(status: Status): ContainerState {
  const name = stateName(status);
  const base: ContainerState = {
    Status: name,
    Running: name === "running" || name === "paused" || name === "restarting",
    Paused: name === "paused",
    Restarting: name === "restarting",
    OOMKilled: false,
    Dead: name === "dead",
    Pid: 0,
    ExitCode: 0,
    Error: "",
    StartedAt: ZERO_TIME,
    FinishedAt: ZERO_TIME,
  };
  switch (status.state) {
    case "created":
      return { ...base, ExitCode: status.exitCode, Error: status.error };
    case "running":
    case "paused":
      return { ...base, Pid: status.pid, StartedAt: at(status.startedAtNs) };
    case "exited":
    case "restarting":
      return {
        ...base,
        ExitCode: status.exitCode,
        OOMKilled: status.oomKilled,
        Error: status.error,
        StartedAt: at(status.startedAtNs),
        FinishedAt: at(status.finishedAtNs),
      };
    case "dead":
      return { ...base, Error: status.error };
    case "starting":
      return containerState(status.before);
    case "removing":
      return { ...containerState(status.before), Status: "removing", Running: false, Restarting: false, Dead: false };
  }
}

/** Inspect's `State.Health`, absent without a health check. */
export function healthState({ health }: Pick<Life, "health">): { readonly Health?: ContainerHealth } {
  if (health === undefined) return {};
  return {
    Health: {
      Status: health.status,
      FailingStreak: health.failingStreak,
      Log: health.log.map(({ startNs, endNs, exitCode, output }) => ({
        Start: at(startNs),
        End: at(endNs),
        ExitCode: exitCode,
        Output: output,
      })),
    },
  };
}
