/** Checks of single values of list flags, with docker's words. Each returns the value to send. */
import { isIp } from "#base/ip-address.ts";

export function attachStream(value: string): string {
  const stream = value.toLowerCase();
  if (!["stdin", "stdout", "stderr"].includes(stream)) throw new Error("valid streams are STDIN, STDOUT and STDERR");
  return stream;
}

/** `host:ip` or `host=ip`; the address may stand in brackets or be `host-gateway`. */
export function extraHost(value: string): string {
  const separator = /[:=]/.exec(value)?.index ?? -1;
  if (separator <= 0) throw new Error(`bad format for add-host: ${JSON.stringify(value)}`);
  const name = value.slice(0, separator);
  let address = value.slice(separator + 1);
  if (address.length > 2 && address.startsWith("[") && address.endsWith("]")) address = address.slice(1, -1);
  if (address === "host-gateway") return `${name}:${address}`;
  if (!isIp(address)) throw new Error(`invalid IP address in add-host: ${JSON.stringify(address)}`);
  return `${name}:${address}`;
}

const DOMAIN = /^[a-zA-Z0-9_](?:[a-zA-Z0-9-_]*[a-zA-Z0-9_])?(?:\.[a-zA-Z0-9_](?:[a-zA-Z0-9-_]*[a-zA-Z0-9_])?)*$/;

export function dnsSearch(value: string): string {
  const domain = value.trim();
  if (domain === ".") return domain;
  if (!/[a-zA-Z]/.test(domain) || domain.length >= 255 || !DOMAIN.test(domain))
    throw new Error(`${domain} is not a valid domain`);
  return domain;
}

export function label(value: string): string {
  const name = value.split("=", 1)[0] ?? "";
  if (name.trim() === "") throw new Error(`invalid label '${value}': empty name`);
  return value;
}

/** `name:alias` or `name`, which is sent as it is written. */
export function link(value: string): string {
  if (value === "") throw new Error("empty string specified for links");
  const parts = value.split(":");
  if (parts.length > 2) throw new Error(`bad format for links: ${value}`);
  return value;
}

export function deviceCgroupRule(value: string): string {
  if (!/^[acb] (?:\d+|\*):(?:\d+|\*) [rwm]{1,3}$/.test(value))
    throw new Error(`invalid device cgroup format '${value}'`);
  return value;
}

const SYSCTLS = new Set([
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
]);

/** Namespaced kernel settings only. */
export function sysctl(value: string): string {
  const equals = value.indexOf("=");
  if (equals === -1) throw new Error(`sysctl '${value}' is not allowed`);
  const name = value.slice(0, equals);
  if (SYSCTLS.has(name) || name.startsWith("net.") || name.startsWith("fs.mqueue.")) return value;
  throw new Error(`sysctl '${value}' is not allowed`);
}
