import type { Command } from "#cli/command.ts";
import { int, list, text, toggle, type FlagSpec } from "#cli/flags/flag-kind.ts";

/** dockerd's flags of the same names. Values left out come from daemon.json, then from `daemon-settings.ts`. */
const flags: readonly FlagSpec[] = [
  { name: "bip", kind: text, usage: "IPv4 address of the default bridge, in CIDR" },
  { name: "bridge", short: "b", kind: text, usage: 'Name of the default bridge; "none" for no default network' },
  { name: "config-file", kind: text, usage: "Daemon configuration file", fallback: "/etc/berth/daemon.json" },
  { name: "data-root", kind: text, usage: "Root directory of persistent state", fallback: "/var/lib/berth" },
  { name: "debug", short: "D", kind: toggle, usage: "Enable debug mode" },
  { name: "default-address-pool", kind: list, usage: "Default address pools for networks, base=CIDR,size=BITS" },
  { name: "default-shm-size", kind: text, usage: "Default shm size for containers", fallback: "64MiB" },
  { name: "dns", kind: list, usage: "DNS server to use" },
  { name: "dns-opt", kind: list, usage: "DNS options to use" },
  { name: "dns-search", kind: list, usage: "DNS search domains to use" },
  { name: "docker-socket", kind: toggle, usage: "Listen on /var/run/docker.sock too" },
  { name: "exec-root", kind: text, usage: "Root directory of runtime state", fallback: "/run/berth" },
  { name: "group", short: "G", kind: text, usage: "Group of the unix socket", fallback: "berth" },
  {
    name: "host",
    short: "H",
    kind: list,
    usage: "Socket to listen on: unix://PATH or, with --insecure-tcp, tcp://HOST:PORT",
  },
  {
    name: "icc",
    kind: toggle,
    value: true,
    usage: "Let containers of the default bridge reach each other",
    fallback: "true",
  },
  { name: "insecure-registry", kind: list, usage: "Registry to speak to without checking certificates, or by HTTP" },
  {
    name: "insecure-tcp",
    kind: toggle,
    usage: "Allow tcp:// sockets without TLS: everyone who reaches the port is root",
  },
  { name: "ip", kind: text, usage: "Host address of ports published without one", fallback: "0.0.0.0" },
  { name: "ip-forward", kind: toggle, value: true, usage: "Turn on the host's routing", fallback: "true" },
  { name: "ip-masq", kind: toggle, value: true, usage: "Masquerade what leaves the default bridge", fallback: "true" },
  { name: "label", kind: list, usage: "Label of this engine, key=value" },
  { name: "live-restore", kind: toggle, usage: "Leave containers running when the engine is stopped" },
  { name: "log-driver", kind: text, usage: "Default driver for container logs", fallback: "local" },
  { name: "log-format", kind: text, usage: 'Format of the engine\'s own log ("text", "json")', fallback: "text" },
  {
    name: "log-level",
    short: "l",
    kind: text,
    usage: 'Level of the engine\'s own log ("debug", "info", "warn", "error")',
    fallback: "info",
  },
  { name: "log-opt", kind: list, usage: "Default options of container logs, key=value" },
  {
    name: "max-concurrent-downloads",
    kind: int,
    value: 3,
    usage: "Layers of one pull to fetch at a time",
    fallback: "3",
  },
  { name: "mtu", kind: int, value: 1500, usage: "MTU of the default bridge", fallback: "1500" },
  { name: "pidfile", short: "p", kind: text, usage: "File for the engine's pid (default EXEC-ROOT/berth.pid)" },
  { name: "registry-mirror", kind: list, usage: "Mirror of docker.io to ask first" },
  {
    name: "shutdown-timeout",
    kind: int,
    value: 15,
    usage: "Seconds to wait for containers when the engine is stopped",
    fallback: "15",
  },
  { name: "validate", kind: toggle, usage: "Check flags and configuration file, and exit" },
];

export const daemonCommand: Command = {
  kind: "command",
  paths: ["daemon"],
  usage: "[OPTIONS]",
  summary: "Run the engine",
  description: "Run the engine that containers, images and networks live in (also: berthd)",
  flags,
  args: { kind: "none" },
  load: async () => {
    const { runDaemon } = await import("./run-daemon.ts");
    return (invocation) => runDaemon(invocation.flags, invocation.io, invocation.clientVersion);
  },
};
