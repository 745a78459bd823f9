import type { FlagKind, FlagSpec } from "../flags/flag-kind.ts";
import { checkedList, int, list, text, toggle, uint, uint16 } from "../flags/flag-kind.ts";
import { checkIpAddress } from "./options/address.ts";
import {
  attachStream,
  deviceCgroupRule,
  dnsSearch,
  extraHost as checkExtraHost,
  label,
  link,
  sysctl,
} from "./options/checks.ts";
import { mountOptions } from "./options/mount-option.ts";
import { networkOptions } from "./options/network-option.ts";
import {
  byteRates,
  bytes,
  duration,
  gpuRequests,
  nanoCpus,
  operationRates,
  swapBytes,
  ulimits,
  weightDevices,
} from "./options/resource-options.ts";

const map = (check: (value: string) => string): FlagKind<readonly string[]> => ({
  ...checkedList(check),
  typeName: "map",
});

const addresses = checkedList(checkIpAddress);
const annotations = map((value) => value);
const attachStreams = checkedList(attachStream);
const cgroupRules = checkedList(deviceCgroupRule);
const extraHost = checkedList(checkExtraHost);
const labels = checkedList(label);
const links = checkedList(link);
const searchDomains = checkedList(dnsSearch);
const sysctls = map(sysctl);
/** `NAME` alone takes the value from the environment when the request is made. */
const environment = checkedList((value) => {
  if (value === "" || value.startsWith("=")) throw new Error(`invalid environment variable: ${value}`);
  return value;
});

/** Flags of `create` and, with a few more of `run`. */
const containerFlags: readonly FlagSpec[] = [
  { name: "add-host", kind: extraHost, usage: "Add a custom host-to-IP mapping (host:ip)" },
  {
    name: "annotation",
    kind: annotations,
    usage: "Add an annotation to the container (passed through to the OCI runtime) (default map[])",
  },
  { name: "attach", short: "a", kind: attachStreams, usage: "Attach to STDIN, STDOUT or STDERR" },
  {
    name: "blkio-weight",
    kind: uint16,
    usage: "Block IO (relative weight), between 10 and 1000, or 0 to disable",
    fallback: "0",
  },
  {
    name: "blkio-weight-device",
    kind: weightDevices,
    usage: "Block IO weight (relative device weight)",
    fallback: "[]",
  },
  { name: "cap-add", kind: list, usage: "Add Linux capabilities" },
  { name: "cap-drop", kind: list, usage: "Drop Linux capabilities" },
  { name: "cgroup-parent", kind: text, usage: "Optional parent cgroup for the container" },
  {
    name: "cgroupns",
    kind: text,
    usage:
      "Cgroup namespace to use (host|private)\n'host':    Run the container in the Docker host's cgroup namespace\n'private': Run the container in its own private cgroup namespace\n'':        Use the cgroup namespace as configured by the\n           default-cgroupns-mode option on the daemon (default)",
  },
  { name: "cidfile", kind: text, usage: "Write the container ID to the file" },
  { name: "cpu-count", kind: int, usage: "CPU count (Windows only)", onlyOn: "windows" },
  { name: "cpu-percent", kind: int, usage: "CPU percent (Windows only)", onlyOn: "windows" },
  { name: "cpu-period", kind: int, usage: "Limit CPU CFS (Completely Fair Scheduler) period" },
  { name: "cpu-quota", kind: int, usage: "Limit CPU CFS (Completely Fair Scheduler) quota" },
  { name: "cpu-rt-period", kind: int, usage: "Limit CPU real-time period in microseconds" },
  { name: "cpu-rt-runtime", kind: int, usage: "Limit CPU real-time runtime in microseconds" },
  { name: "cpu-shares", short: "c", kind: int, usage: "CPU shares (relative weight)" },
  { name: "cpus", kind: nanoCpus, usage: "Number of CPUs" },
  { name: "cpuset-cpus", kind: text, usage: "CPUs in which to allow execution (0-3, 0,1)" },
  { name: "cpuset-mems", kind: text, usage: "MEMs in which to allow execution (0-3, 0,1)" },
  {
    name: "depends-on",
    kind: list,
    usage: "Start after another container (NAME[:started|healthy|completed])",
  },
  { name: "depends-on-timeout", kind: text, usage: "How long a start waits for those (ms|s|m|h) (default 60s)" },
  { name: "device", kind: list, usage: "Add a host device to the container" },
  { name: "device-cgroup-rule", kind: cgroupRules, usage: "Add a rule to the cgroup allowed devices list" },
  {
    name: "device-read-bps",
    kind: byteRates,
    usage: "Limit read rate (bytes per second) from a device",
    fallback: "[]",
  },
  {
    name: "device-read-iops",
    kind: operationRates,
    usage: "Limit read rate (IO per second) from a device",
    fallback: "[]",
  },
  {
    name: "device-write-bps",
    kind: byteRates,
    usage: "Limit write rate (bytes per second) to a device",
    fallback: "[]",
  },
  {
    name: "device-write-iops",
    kind: operationRates,
    usage: "Limit write rate (IO per second) to a device",
    fallback: "[]",
  },
  { name: "disable-content-trust", kind: toggle, usage: "Skip image verification", fallback: "true", value: true },
  { name: "dns", kind: addresses, usage: "Set custom DNS servers" },
  { name: "dns-option", kind: list, usage: "Set DNS options" },
  { name: "dns-search", kind: searchDomains, usage: "Set custom DNS search domains" },
  { name: "domainname", kind: text, usage: "Container NIS domain name" },
  { name: "entrypoint", kind: text, usage: "Overwrite the default ENTRYPOINT of the image" },
  { name: "env", short: "e", kind: environment, usage: "Set environment variables" },
  { name: "env-file", kind: list, usage: "Read in a file of environment variables" },
  { name: "expose", kind: list, usage: "Expose a port or a range of ports" },
  { name: "gpus", kind: gpuRequests, usage: "GPU devices to add to the container ('all' to pass all GPUs)" },
  { name: "group-add", kind: list, usage: "Add additional groups to join" },
  { name: "health-cmd", kind: text, usage: "Command to run to check health" },
  { name: "health-http", kind: text, usage: "Let the engine check health by HTTP (http[s]://:PORT/PATH)" },
  { name: "health-interval", kind: duration, usage: "Time between running the check (ms|s|m|h)", fallback: "0s" },
  { name: "health-retries", kind: int, usage: "Consecutive failures needed to report unhealthy" },
  {
    name: "health-start-interval",
    kind: duration,
    usage: "Time between running the check during the start period (ms|s|m|h)",
    fallback: "0s",
  },
  {
    name: "health-start-period",
    kind: duration,
    usage: "Start period for the container to initialize before starting health-retries countdown (ms|s|m|h)",
    fallback: "0s",
  },
  { name: "health-tcp", kind: text, usage: "Let the engine check health by connecting (:PORT)" },
  {
    name: "health-timeout",
    kind: duration,
    usage: "Maximum time to allow one check to run (ms|s|m|h)",
    fallback: "0s",
  },
  { name: "hostname", short: "h", kind: text, usage: "Container host name" },
  { name: "init", kind: toggle, usage: "Run an init inside the container that forwards signals and reaps processes" },
  { name: "interactive", short: "i", kind: toggle, usage: "Keep STDIN open even if not attached" },
  {
    name: "io-maxbandwidth",
    kind: bytes,
    usage: "Maximum IO bandwidth limit for the system drive (Windows only)",
    onlyOn: "windows",
  },
  {
    name: "io-maxiops",
    kind: uint,
    usage: "Maximum IOps limit for the system drive (Windows only)",
    onlyOn: "windows",
  },
  { name: "ip", kind: text, usage: "IPv4 address (e.g., 172.30.100.104)" },
  { name: "ip6", kind: text, usage: "IPv6 address (e.g., 2001:db8::33)" },
  { name: "ipc", kind: text, usage: "IPC mode to use" },
  { name: "isolation", kind: text, usage: "Container isolation technology" },
  { name: "kernel-memory", kind: bytes, usage: "Kernel memory limit" },
  { name: "label", short: "l", kind: labels, usage: "Set meta data on a container" },
  { name: "label-file", kind: list, usage: "Read in a line delimited file of labels" },
  { name: "link", kind: links, usage: "Add link to another container" },
  { name: "link-local-ip", kind: list, usage: "Container IPv4/IPv6 link-local addresses" },
  { name: "log-driver", kind: text, usage: "Logging driver for the container" },
  { name: "log-opt", kind: list, usage: "Log driver options" },
  { name: "mac-address", kind: text, usage: "Container MAC address (e.g., 92:d0:c6:0a:29:33)" },
  { name: "memory", short: "m", kind: bytes, usage: "Memory limit" },
  { name: "memory-reservation", kind: bytes, usage: "Memory soft limit" },
  {
    name: "memory-swap",
    kind: swapBytes,
    usage: "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
  },
  {
    name: "memory-swappiness",
    kind: int,
    usage: "Tune container memory swappiness (0 to 100)",
    fallback: "-1",
    value: -1,
  },
  { name: "mount", kind: mountOptions, usage: "Attach a filesystem mount to the container" },
  { name: "name", kind: text, usage: "Assign a name to the container" },
  { name: "net-rate", kind: text, usage: 'Limit how fast it sends and receives ("10mbit", "1gbit/256k")' },
  { name: "network", kind: networkOptions, usage: "Connect a container to a network" },
  { name: "network-alias", kind: list, usage: "Add network-scoped alias for the container" },
  { name: "no-healthcheck", kind: toggle, usage: "Disable any container-specified HEALTHCHECK" },
  { name: "on-unhealthy", kind: text, usage: 'Act on failed health checks ("restart", "stop", "none")' },
  { name: "oom-kill-disable", kind: toggle, usage: "Disable OOM Killer" },
  { name: "oom-score-adj", kind: int, usage: "Tune host's OOM preferences (-1000 to 1000)" },
  { name: "pid", kind: text, usage: "PID namespace to use" },
  { name: "pids-limit", kind: int, usage: "Tune container pids limit (set -1 for unlimited)" },
  { name: "platform", kind: text, usage: "Set platform if server is multi-platform capable" },
  { name: "privileged", kind: toggle, usage: "Give extended privileges to this container" },
  { name: "publish", short: "p", kind: list, usage: "Publish a container's port(s) to the host" },
  { name: "publish-all", short: "P", kind: toggle, usage: "Publish all exposed ports to random ports" },
  {
    name: "pull",
    kind: text,
    usage: 'Pull image before running ("always", "missing", "never")',
    fallback: "missing",
    value: "missing",
  },
  { name: "quiet", short: "q", kind: toggle, usage: "Suppress the pull output" },
  { name: "read-only", kind: toggle, usage: "Mount the container's root filesystem as read only" },
  { name: "restart", kind: text, usage: "Restart policy to apply when a container exits", fallback: "no", value: "no" },
  {
    name: "rm",
    kind: toggle,
    usage: "Automatically remove the container and its associated anonymous volumes when it exits",
  },
  { name: "runtime", kind: text, usage: "Runtime to use for this container" },
  { name: "security-opt", kind: list, usage: "Security Options" },
  { name: "shm-size", kind: bytes, usage: "Size of /dev/shm" },
  { name: "stop-signal", kind: text, usage: "Signal to stop the container" },
  { name: "stop-timeout", kind: int, usage: "Timeout (in seconds) to stop a container" },
  { name: "storage-opt", kind: list, usage: "Storage driver options for the container" },
  { name: "sysctl", kind: sysctls, usage: "Sysctl options (default map[])" },
  { name: "tmpfs", kind: list, usage: "Mount a tmpfs directory" },
  { name: "tty", short: "t", kind: toggle, usage: "Allocate a pseudo-TTY" },
  { name: "ulimit", kind: ulimits, usage: "Ulimit options", fallback: "[]" },
  { name: "use-api-socket", kind: toggle, usage: "Bind mount Docker API socket and required auth" },
  { name: "user", short: "u", kind: text, usage: "Username or UID (format: <name|uid>[:<group|gid>])" },
  { name: "userns", kind: text, usage: "User namespace to use" },
  { name: "uts", kind: text, usage: "UTS namespace to use" },
  { name: "volume", short: "v", kind: list, usage: "Bind mount a volume" },
  { name: "volume-driver", kind: text, usage: "Optional volume driver for the container" },
  { name: "volumes-from", kind: list, usage: "Mount volumes from the specified container(s)" },
  { name: "workdir", short: "w", kind: text, usage: "Working directory inside the container" },
  { name: "net", kind: networkOptions, usage: "Connect a container to a network", aliasOf: "network" },
  { name: "net-alias", kind: list, usage: "Add network-scoped alias for the container", aliasOf: "network-alias" },
  { name: "dns-opt", kind: list, usage: "Set DNS options", aliasOf: "dns-option" },
];

/** `create` words one flag differently. */
export const createFlags: readonly FlagSpec[] = containerFlags.map((flag) =>
  flag.name === "pull" ? { ...flag, usage: 'Pull image before creating ("always", "|missing", "never")' } : flag,
);

export const runFlags: readonly FlagSpec[] = [
  ...containerFlags,
  { name: "detach", short: "d", kind: toggle, usage: "Run container in background and print container ID" },
  { name: "detach-keys", kind: text, usage: "Override the key sequence for detaching a container" },
  { name: "sig-proxy", kind: toggle, usage: "Proxy received signals to the process", fallback: "true", value: true },
];
