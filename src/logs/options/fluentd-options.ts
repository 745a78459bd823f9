import { invalid } from "#base/errors.ts";
import { parseDuration } from "#base/units.ts";
import { parseBool, parseInteger, parseUnsigned, sizeOf, within } from "./go-values.ts";
import type { LogOptions } from "./log-options.ts";

export interface FluentdOptions {
  readonly address:
    | { readonly kind: "tcp" | "tls"; readonly host: string; readonly port: number }
    | { readonly kind: "unix"; readonly path: string };
  /** The container starts also when nobody listens yet. */
  readonly async: boolean;
  readonly retryWaitMs: number;
  /** Lines are given up after so many; undefined = never. */
  readonly maxRetries: number | undefined;
  readonly subSecond: boolean;
  readonly requestAck: boolean;
  /** 0 = no limit. */
  readonly writeTimeoutMs: number;
  readonly readTimeoutMs: number;
  /** 0 = a connection is kept as long as it lasts. */
  readonly reconnectIntervalMs: number;
}

const defaultPort = 24224;
const shortestReconnectMs = 100;
const longestReconnectMs = 10_000;

export function fluentdOptions(options: LogOptions): FluentdOptions {
  const flag = (name: string): boolean => options[name] !== undefined && parseBool(options[name]);
  if (options["fluentd-async"] !== undefined && options["fluentd-async-connect"] !== undefined) {
    throw invalid("conflicting options: cannot specify both 'fluentd-async' and 'fluentd-async-connect");
  }
  // What is not sent yet lies in the local copy: its bounds are the buffer's.
  if (options["fluentd-buffer-limit"] !== undefined) sizeOf(options["fluentd-buffer-limit"]);
  return {
    address: addressOf(options["fluentd-address"] ?? ""),
    async: flag("fluentd-async") || flag("fluentd-async-connect"),
    retryWaitMs: milliseconds(options["fluentd-retry-wait"], 1000),
    maxRetries:
      options["fluentd-max-retries"] === undefined ? undefined : parseUnsigned(options["fluentd-max-retries"]),
    subSecond: flag("fluentd-sub-second-precision"),
    requestAck: flag("fluentd-request-ack"),
    writeTimeoutMs: milliseconds(options["fluentd-write-timeout"], 0),
    readTimeoutMs: milliseconds(options["fluentd-read-timeout"], 0),
    reconnectIntervalMs: reconnectInterval(options["fluentd-async-reconnect-interval"]),
  };
}

function milliseconds(text: string | undefined, fallback: number): number {
  return text === undefined ? fallback : Number(parseDuration(text) / 1_000_000n);
}

function reconnectInterval(text: string | undefined): number {
  if (text === undefined) return 0;
  const interval = within("invalid value for fluentd-async-reconnect-interval: ", () => milliseconds(text, 0));
  if (interval !== 0 && (interval < shortestReconnectMs || interval > longestReconnectMs)) {
    throw invalid(`invalid value for fluentd-async-reconnect-interval: value (${text}) must be between 100ms and 10s`);
  }
  return interval;
}

function addressOf(text: string): FluentdOptions["address"] {
  const [, scheme = "tcp", rest = text] = /^(tcp|tls|unix):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === "unix") return { kind: "unix", path: rest };
  const kind = scheme as "tcp" | "tls";
  const match = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(
    rest.replace(/\/.*$/s, scheme === "tcp" && rest === text ? "$&" : ""),
  );
  const [, host = "", port] = match ?? [];
  const number =
    port === undefined || port === ""
      ? defaultPort
      : within(`invalid fluentd-address ${text}: `, () => parseInteger(port));
  if (number < 0 || number > 65_535) throw invalid(`invalid fluentd-address ${text}: invalid port`);
  return { kind, host: host.replace(/^\[|\]$/g, "") || "127.0.0.1", port: number };
}
