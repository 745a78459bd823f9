import { invalid } from "#base/errors.ts";
import type { ContainerConfig, HealthConfig } from "#spec/docker/container-config.ts";

/** What is done to learn whether a container is well. */
export type Probe =
  /** A command in the container. */
  | { readonly kind: "exec"; readonly argv: readonly string[] }
  /** The engine connects from within the container's network. */
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  /** The engine asks from within the container's network; 200 to 399 is well. */
  | ({ readonly kind: "http" } & HttpTarget);

export interface HttpTarget {
  /** By TLS, whoever signed the certificate. */
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

export interface ProbeTiming {
  /** From the end of one probe to the begin of the next. */
  readonly intervalMs: number;
  /** The same while the container is starting. */
  readonly startIntervalMs: number;
  /** Failures in this time after the start do not count while no probe has succeeded. */
  readonly startPeriodMs: number;
  readonly timeoutMs: number;
  /** Failures in a row that make it unhealthy. */
  readonly retries: number;
}

const defaultShell = ["/bin/sh", "-c"];

/**
 * The probe a container's config asks for. docker-compat: a test of a kind nobody knows is as good as none, and the shell
 * is the container's own setting, never the image's.
 */
export function probeOf(config: Pick<ContainerConfig, "Healthcheck" | "Shell">): Probe | undefined {
  const [kind, ...words] = config.Healthcheck?.Test ?? [];
  switch (kind) {
    case "CMD":
      return { kind: "exec", argv: words };
    case "CMD-SHELL":
      return {
        kind: "exec",
        argv: [...((config.Shell ?? []).length > 0 ? (config.Shell ?? []) : defaultShell), ...words],
      };
    case "HTTP":
      return { kind: "http", ...httpTarget(words) };
    case "TCP":
      return { kind: "tcp", ...tcpTarget(words) };
    default:
      return undefined;
  }
}

export function timingOf(health: HealthConfig | null): ProbeTiming {
  const milliseconds = (nanoseconds: number | undefined, otherwise: number): number =>
    nanoseconds === undefined || nanoseconds === 0 ? otherwise : nanoseconds / 1e6;
  return {
    intervalMs: milliseconds(health?.Interval, 30_000),
    startIntervalMs: milliseconds(health?.StartInterval, 5_000),
    startPeriodMs: milliseconds(health?.StartPeriod, 0),
    timeoutMs: milliseconds(health?.Timeout, 30_000),
    retries: health === null || health.Retries <= 0 ? 3 : health.Retries,
  };
}

/** `invalid-parameter` in Docker's words. */
export function validateHealthcheck(health: HealthConfig | null): void {
  if (health === null) return;
  for (const name of ["Interval", "Timeout", "StartPeriod", "StartInterval"] as const) {
    if (health[name] !== 0 && health[name] < 1e6) throw invalid(`${name} in Healthcheck cannot be less than 1ms`);
  }
  if (health.Retries < 0) throw invalid("Retries in Healthcheck cannot be negative");
  probeOf({ Healthcheck: health, Shell: null });
}

/** `http[s]://:8080/healthz`: without a host, the container's own loopback. Names are not looked up. */
function httpTarget(words: readonly string[]): HttpTarget {
  const match = /^http(s?):\/\/([^/:[\]]*|\[[0-9a-fA-F:.]+\])(?::(\d+))?(\/[\x21-\x7e]*)?$/.exec(words[0] ?? "");
  if (match === null || words.length !== 1) {
    throw invalid(`invalid HTTP health check ${JSON.stringify(words.join(" "))}: want http[s]://[ADDRESS]:PORT/PATH`);
  }
  const secure = match[1] === "s";
  const [, , host = "", port = secure ? "443" : "80", path = "/"] = match;
  return { secure, host: hostOf(host), port: portOf(port), path };
}

/** `:5432` or `ADDRESS:5432`. */
function tcpTarget(words: readonly string[]): { readonly host: string; readonly port: number } {
  const match = /^(?:tcp:\/\/)?([^/:[\]]*|\[[0-9a-fA-F:.]+\]):(\d+)$/.exec(words[0] ?? "");
  if (match === null || words.length !== 1) {
    throw invalid(`invalid TCP health check ${JSON.stringify(words.join(" "))}: want [ADDRESS]:PORT`);
  }
  return { host: hostOf(match[1] ?? ""), port: portOf(match[2] ?? "") };
}

function hostOf(text: string): string {
  if (text === "" || text === "localhost") return "localhost";
  if (text.startsWith("[")) return text.slice(1, -1);
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split(".").every((part) => Number(part) <= 255)) return text;
  throw invalid(`invalid health check address ${JSON.stringify(text)}: want an IP address, localhost or nothing`);
}

function portOf(text: string): number {
  const port = Number(text);
  if (port < 1 || port > 65_535) throw invalid(`invalid health check port ${JSON.stringify(text)}`);
  return port;
}
