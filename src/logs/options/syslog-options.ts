import { invalid } from "#base/errors.ts";
import type { LogOptions } from "./log-options.ts";

export interface SyslogOptions {
  readonly address: SyslogAddress;
  readonly facility: number;
  readonly format: "" | "rfc3164" | "rfc5424" | "rfc5424micro";
  readonly tls: {
    readonly caPath: string;
    readonly certificatePath: string;
    readonly keyPath: string;
    readonly skipVerify: boolean;
  };
}

/** `local`: the machine's own, wherever it listens. */
export type SyslogAddress =
  | { readonly kind: "local" }
  | { readonly kind: "unix" | "unixgram"; readonly path: string }
  | { readonly kind: "udp" | "tcp" | "tcp+tls"; readonly host: string; readonly port: number };

/** RFC 5424 section 6.2.1, by the names of syslog(3). */
const facilities: readonly string[] = [
  ...["kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"],
  ...["", "", "", ""],
  ...["local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"],
];
const defaultPort = 514;
const defaultFacility = 3;

export function syslogOptions(options: LogOptions): SyslogOptions {
  return {
    address: addressOf(options["syslog-address"] ?? ""),
    facility: facilityOf(options["syslog-facility"] ?? ""),
    format: formatOf(options["syslog-format"] ?? ""),
    tls: {
      caPath: options["syslog-tls-ca-cert"] ?? "",
      certificatePath: options["syslog-tls-cert"] ?? "",
      keyPath: options["syslog-tls-key"] ?? "",
      // docker-compat: the option's presence counts, not its value.
      skipVerify: options["syslog-tls-skip-verify"] !== undefined,
    },
  };
}

function addressOf(text: string): SyslogAddress {
  if (text === "") return { kind: "local" };
  const match = /^(unix|unixgram|udp|tcp|tcp\+tls):\/\/(.*)$/s.exec(text);
  if (match === null) throw invalid(`syslog-address should be in form proto://address, got ${text}`);
  const [, kind = "", rest = ""] = match;
  if (kind === "unix" || kind === "unixgram") {
    return { kind, path: rest };
  }
  const { host, port } = hostAndPort(text, rest);
  return { kind: kind as "udp" | "tcp" | "tcp+tls", host, port: port ?? defaultPort };
}

/** The authority of a URL. `invalid-parameter` in the words of Go's net/url. */
export function hostAndPort(url: string, authority: string): { readonly host: string; readonly port?: number } {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(authority.replace(/[/?#].*$/s, ""));
  if (match === null) throw invalid(`address ${authority}: too many colons in address`);
  const [, host = "", port] = match;
  const name = host.replace(/^\[|\]$/g, "");
  if (port === undefined || port === "") return { host: name };
  if (!/^\d+$/.test(port)) throw invalid(`parse ${JSON.stringify(url)}: invalid port ":${port}" after host`);
  return { host: name, port: Number(port) };
}

function facilityOf(text: string): number {
  if (text === "") return defaultFacility;
  const named = facilities.indexOf(text);
  const number = named >= 0 ? named : /^\d+$/.test(text) ? Number(text) : -1;
  if (number < 0 || number > 23) throw invalid("invalid syslog facility");
  return number;
}

function formatOf(text: string): SyslogOptions["format"] {
  if (text === "" || text === "rfc3164" || text === "rfc5424" || text === "rfc5424micro") return text;
  throw invalid("Invalid syslog format");
}
