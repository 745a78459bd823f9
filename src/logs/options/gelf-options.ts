import { invalid } from "#base/errors.ts";
import type { LogOptions } from "./log-options.ts";
import { hostAndPort } from "./syslog-options.ts";

export interface GelfOptions {
  readonly transport: "udp" | "tcp";
  readonly host: string;
  readonly port: number;
  /** Of datagrams. */
  readonly compression: "gzip" | "zlib" | "none";
  /** zlib's, -1 to 9. */
  readonly level: number;
  /** Lines are given up after so many; undefined = never. */
  readonly maxReconnects: number | undefined;
  readonly reconnectDelaySeconds: number;
}

const compressions = ["gzip", "zlib", "none"] as const;

export function gelfOptions(options: LogOptions): GelfOptions {
  const { transport, host, port } = addressOf(options["gelf-address"] ?? "");
  const tcp = transport === "tcp";
  for (const name of ["gelf-compression-type", "gelf-compression-level"]) {
    if (tcp && options[name] !== undefined) throw invalid("compression is only supported on UDP");
  }
  for (const name of ["gelf-tcp-max-reconnect", "gelf-tcp-reconnect-delay"]) {
    if (!tcp && options[name] !== undefined) throw invalid(`"${name}" is only valid for TCP`);
  }
  const type = options["gelf-compression-type"] ?? "gzip";
  const compression = compressions.find((known) => known === type);
  if (compression === undefined) throw unknownValue("gelf-compression-type", type);
  const level = options["gelf-compression-level"] ?? "1";
  if (!/^(-1|\d)$/.test(level)) throw unknownValue("gelf-compression-level", level);
  return {
    transport,
    host,
    port,
    compression,
    level: Number(level),
    maxReconnects: countOf(options, "gelf-tcp-max-reconnect"),
    reconnectDelaySeconds: countOf(options, "gelf-tcp-reconnect-delay") ?? 1,
  };
}

function addressOf(text: string): { readonly transport: "udp" | "tcp"; readonly host: string; readonly port: number } {
  if (text === "") throw invalid("gelf-address is a required parameter");
  const match = /^(udp|tcp):\/\/(.*)$/s.exec(text);
  if (match === null) throw invalid(`gelf-address should be in form proto://address, got ${text}`);
  const { host, port } = hostAndPort(text, match[2] ?? "");
  if (port === undefined) throw invalid("gelf: please provide gelf-address as proto://host:port");
  return { transport: match[1] as "udp" | "tcp", host, port };
}

const unknownValue = (name: string, value: string): Error =>
  invalid(`unknown value ${JSON.stringify(value)} for log opt "${name}" for gelf log driver`);

function countOf(options: LogOptions, name: string): number | undefined {
  const text = options[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw invalid(`"${name}" must be a positive integer`);
  return Number(text);
}
