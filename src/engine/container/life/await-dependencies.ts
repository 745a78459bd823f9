import { BerthError } from "#base/errors.ts";
import { formatDuration } from "#base/units.ts";
import type { Clock, Events } from "../../ports.ts";
import type { Container } from "../container.ts";
import { ownSettings, type Dependency, type OwnSettings } from "../settings/own-settings.ts";
import type { ContainerRegistry } from "../registry.ts";
import { stateName } from "../state.ts";

export const neverAborted = new AbortController().signal;

/**
 * Wait until everything a container depends on is as it wants it. `conflict` naming the dependency and its state as soon
 * as it cannot come true by waiting, or when the container's time for it is over; `cancelled` when the signal aborts.
 * undefined when it depends on nothing: there is nothing to wait for, not even a turn. A restart by policy also waits for
 * those it is to be restarted after, as long as they may come true by themselves.
 */
export type AwaitDependencies = (
  container: Container,
  signal: AbortSignal,
  occasion?: "start" | "restart by policy",
) => Promise<void> | undefined;

export interface AwaitDependenciesDeps {
  readonly registry: ContainerRegistry;
  readonly events: Events;
  readonly clock: Clock;
}

export function awaitDependencies(deps: AwaitDependenciesDeps): AwaitDependencies {
  return (container, signal, occasion = "start") => {
    const settings = ownSettings(container.spec);
    const after =
      occasion === "start"
        ? []
        : settings.restartAfter.filter(({ name, condition }) => {
            const other = deps.registry.lookup(name);
            return other !== undefined && other.status.state !== "created" && look(other, condition) !== "never";
          });
    const dependsOn = [...settings.dependsOn, ...after];
    return dependsOn.length === 0 ? undefined : untilMet(deps, container, { ...settings, dependsOn }, signal);
  };
}

async function untilMet(
  deps: AwaitDependenciesDeps,
  container: Container,
  { dependsOn, dependsTimeoutMs }: OwnSettings,
  signal: AbortSignal,
): Promise<void> {
  const missing = (): Unmet | undefined => firstUnmet(deps.registry, container, dependsOn);
  if (missing() === undefined) return;
  const limit = new AbortController();
  const cancelTimer = deps.clock.after(dependsTimeoutMs, () => limit.abort());
  try {
    const records = deps.events.subscribe({ signal: AbortSignal.any([signal, limit.signal]), own: true });
    for await (const { type } of records) if (type === "container" && missing() === undefined) return;
    if (signal.aborted) throw new BerthError("cancelled", "the start was given up");
    const left = missing();
    if (left === undefined) return;
    throw refusal(container, left, ` after ${formatDuration(BigInt(dependsTimeoutMs) * 1_000_000n)}`);
  } finally {
    cancelTimer();
  }
}

interface Unmet {
  readonly dependency: Dependency;
  readonly state: string;
}

/** Throws when one can never be met. */
function firstUnmet(
  registry: ContainerRegistry,
  container: Container,
  dependencies: readonly Dependency[],
): Unmet | undefined {
  for (const dependency of dependencies) {
    const other = registry.lookup(dependency.name);
    const met = other === undefined ? "never" : look(other, dependency.condition);
    if (met === "yes") continue;
    const unmet = { dependency, state: other === undefined ? "it does not exist" : stateOf(other) };
    if (met === "never") throw refusal(container, unmet, "");
    return unmet;
  }
  return undefined;
}

function look(other: Container, condition: Dependency["condition"]): "yes" | "not yet" | "never" {
  const { status, life } = other;
  switch (status.state) {
    case "created":
    case "starting":
    case "restarting":
      return "not yet";
    case "running":
    case "paused":
      if (condition === "completed") return "not yet";
      if (condition === "started") return "yes";
      if (life.health === undefined) return "never";
      return life.health.status === "healthy" ? "yes" : "not yet";
    case "exited":
      return condition === "completed" && status.exitCode === 0 ? "yes" : "never";
    case "removing":
    case "dead":
      return "never";
  }
}

function stateOf({ status, life }: Container): string {
  if (status.state === "exited") return `it has exited (${status.exitCode})`;
  const health =
    status.state !== "running"
      ? ""
      : life.health === undefined
        ? ", without a health check"
        : `, ${life.health.status}`;
  return `it is ${stateName(status)}${health}`;
}

function refusal({ name }: Container, { dependency, state }: Unmet, after: string): BerthError {
  return new BerthError(
    "conflict",
    `cannot start container ${name}: it depends on ${dependency.name}, which is not ${dependency.condition}${after}: ${state}`,
  );
}
