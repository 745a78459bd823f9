import type { SyslogOptions } from "../options/syslog-options.ts";
import type { LogMessage } from "./receiver.ts";

export interface SyslogIdentity {
  readonly tag: string;
  readonly hostname: string;
  /** The engine's: receivers want some pid, and Docker gives its own. */
  readonly pid: number;
}

/** RFC 5424 section 6.2.1: severities. */
const severity = { stdout: 6, stderr: 3 } as const;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** One message with its newline. Times are in the machine's zone. */
export function syslogMessage(
  message: LogMessage,
  { facility, format }: Pick<SyslogOptions, "facility" | "format">,
  { tag, hostname, pid }: SyslogIdentity,
): Buffer {
  const priority = `<${facility * 8 + severity[message.stream]}>`;
  const { timeNs } = message;
  const head = {
    "": () => `${priority}${stamp(timeNs)} ${tag}[${pid}]: `,
    rfc3164: () => `${priority}${stamp(timeNs)} ${hostname} ${tag}[${pid}]: `,
    rfc5424: () => `${priority}1 ${isoTime(timeNs, false)} ${hostname} ${tag} ${pid} ${tag} - `,
    rfc5424micro: () => `${priority}1 ${isoTime(timeNs, true)} ${hostname} ${tag} ${pid} ${tag} - `,
  }[format]();
  return Buffer.concat([Buffer.from(head), message.text, Buffer.from("\n")]);
}

/** Octet counting, RFC 5425 section 4.3. */
export function counted(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.byteLength} `), message]);
}

const dateOf = (timeNs: bigint): Date => new Date(Number(timeNs / 1_000_000n));
const two = (value: number): string => String(value).padStart(2, "0");
const clock = (date: Date): string => `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

/** RFC 3164 section 4.1.2. */
function stamp(timeNs: bigint): string {
  const date = dateOf(timeNs);
  return `${months[date.getMonth()] ?? ""} ${String(date.getDate()).padStart(2, " ")} ${clock(date)}`;
}

function isoTime(timeNs: bigint, microseconds: boolean): string {
  const date = dateOf(timeNs);
  const fraction = microseconds ? `.${String((timeNs / 1000n) % 1_000_000n).padStart(6, "0")}` : "";
  const offset = -date.getTimezoneOffset();
  const size = Math.abs(offset);
  const zone = offset === 0 ? "Z" : `${offset < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${clock(date)}${fraction}${zone}`;
}
