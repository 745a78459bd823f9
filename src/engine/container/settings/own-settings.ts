import { parseCron, type CronTimes } from "#base/cron.ts";
import { invalid, messageOf } from "#base/errors.ts";
import { parseNetworkRate, type NetworkRate } from "#base/network-rate.ts";
import { parseDuration } from "#base/units.ts";
import type { ContainerConfig } from "#spec/docker/container-config.ts";
import { allowRules, type AllowRule } from "../network/publish-rules.ts";
import type { ContainerSpec } from "../spec.ts";

/**
 * Settings for which Docker's API has no field. They are given as annotations or labels, so that every client can set
 * them; an annotation goes before a label. docs/health.md and docs/networks.md tell people about them.
 */
export interface OwnSettings {
  readonly onUnhealthy: "none" | "restart" | "stop";
  readonly dependsOn: readonly Dependency[];
  /** The same, but only for restarts by policy. */
  readonly restartAfter: readonly Dependency[];
  /** How long a start waits for what it depends on. */
  readonly dependsTimeoutMs: number;
  /** Of each of its endpoints; undefined for no limit. */
  readonly netRate: NetworkRate | undefined;
  readonly allow: readonly AllowRule[];
  /** When the engine starts it by itself; undefined for never. */
  readonly schedule: Schedule | undefined;
}

export interface Schedule {
  /** The line of cron. */
  readonly text: string;
  readonly times: CronTimes;
  /** What was due while the engine was away is made up for, once. */
  readonly makesUp: boolean;
}

export interface Dependency {
  /** Name or id. */
  readonly name: string;
  readonly condition: "started" | "healthy" | "completed";
}

export const ownKeys = {
  onUnhealthy: "berth.on-unhealthy",
  dependsOn: "berth.depends-on",
  dependsTimeout: "berth.depends-on.timeout",
  restartAfter: "berth.restart-after",
  health: "berth.health",
  netRate: "berth.net-rate",
  schedule: "berth.schedule",
  scheduleMissed: "berth.schedule.missed",
} as const;

const DEPENDS_TIMEOUT_MS = 60_000;

type Source = {
  readonly config: Pick<ContainerSpec["config"], "Labels">;
  readonly hostConfig: Pick<ContainerSpec["hostConfig"], "Annotations">;
};

function given({ config, hostConfig }: Source, key: string): string | undefined {
  const value = hostConfig.Annotations?.[key] ?? config.Labels?.[key];
  return value === undefined || value === "" ? undefined : value;
}

/** `invalid-parameter` naming the setting that cannot be. */
export function ownSettings(source: Source): OwnSettings {
  const isGiven = hasOwnKey(source.config.Labels) || hasOwnKey(source.hostConfig.Annotations);
  return isGiven ? readSettings(source) : noSettings;
}

/** All that are read here begin so. */
function hasOwnKey(texts: Readonly<Record<string, string>> | null | undefined): boolean {
  for (const key in texts) if (key.startsWith("berth.")) return true;
  return false;
}

function readSettings(source: Source): OwnSettings {
  return {
    onUnhealthy: onUnhealthy(given(source, ownKeys.onUnhealthy) ?? "none"),
    dependsOn: dependencies(source, ownKeys.dependsOn),
    restartAfter: dependencies(source, ownKeys.restartAfter),
    dependsTimeoutMs: timeoutMs(given(source, ownKeys.dependsTimeout)),
    allow: allowRules({ ...source.config.Labels, ...source.hostConfig.Annotations }),
    netRate: netRate(given(source, ownKeys.netRate) ?? "none"),
    schedule: scheduleOf(source),
  };
}

/** `berth.health`: a probe by the engine, as `http[s]://:8080/healthz` or `tcp://:5432`; it replaces the test. */
export function withOwnHealth(config: ContainerConfig, hostConfig: Source["hostConfig"]): ContainerConfig {
  const target = given({ config, hostConfig }, ownKeys.health);
  if (target === undefined) return config;
  const zero = { Interval: 0, Timeout: 0, StartPeriod: 0, StartInterval: 0, Retries: 0 };
  const kind = /^(http(?=s?:)|tcp(?=:))s?:\/\//.exec(target)?.[1]?.toUpperCase();
  if (kind === undefined)
    throw invalid(`invalid ${ownKeys.health} ${JSON.stringify(target)}: want http://…, https://… or tcp://…`);
  return { ...config, Healthcheck: { ...zero, ...config.Healthcheck, Test: [kind, target] } };
}

/** {@link OwnSettings.schedule} alone. */
export function scheduleOf(source: Source): Schedule | undefined {
  const text = given(source, ownKeys.schedule);
  const missed = given(source, ownKeys.scheduleMissed) ?? "skip";
  if (missed !== "skip" && missed !== "run")
    throw invalid(`invalid ${ownKeys.scheduleMissed} ${JSON.stringify(missed)}: want skip or run`);
  return text === undefined ? undefined : { text, times: parseCron(text), makesUp: missed === "run" };
}

function netRate(text: string): NetworkRate | undefined {
  return text === "none" ? undefined : parseNetworkRate(text);
}

function onUnhealthy(text: string): OwnSettings["onUnhealthy"] {
  if (text === "none" || text === "restart" || text === "stop") return text;
  throw invalid(`invalid ${ownKeys.onUnhealthy} ${JSON.stringify(text)}: want restart, stop or none`);
}

function dependencies(source: Source, key: DependencyKey): readonly Dependency[] {
  return (given(source, key) ?? "")
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "")
    .map((text) => dependency(text, key));
}

type DependencyKey = typeof ownKeys.dependsOn | typeof ownKeys.restartAfter;

function dependency(text: string, key: DependencyKey): Dependency {
  const [name = "", condition = "started", ...rest] = text.split(":");
  if (name !== "" && rest.length === 0) {
    if (condition === "started" || condition === "healthy" || condition === "completed") return { name, condition };
  }
  throw invalid(`invalid ${key} ${JSON.stringify(text)}: want NAME[:started|healthy|completed]`);
}

function timeoutMs(text: string | undefined): number {
  if (text === undefined) return DEPENDS_TIMEOUT_MS;
  try {
    const milliseconds = Number(parseDuration(text) / 1_000_000n);
    if (milliseconds > 0 && milliseconds <= 86_400_000) return milliseconds;
  } catch (error) {
    throw invalid(`invalid ${ownKeys.dependsTimeout} ${JSON.stringify(text)}: ${messageOf(error)}`);
  }
  throw invalid(`invalid ${ownKeys.dependsTimeout} ${JSON.stringify(text)}: want more than nothing and at most a day`);
}

/** Of most containers. */
const noSettings: OwnSettings = readSettings({ config: { Labels: {} }, hostConfig: { Annotations: {} } });
