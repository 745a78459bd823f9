import {
  containers,
  contexts,
  files,
  folders,
  images,
  networks,
  nothing,
  pairs,
  volumes,
  words,
  type ValueKind,
} from "./value-kind.ts";

const SIGNALS = ["HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "TERM", "CONT", "STOP", "WINCH"];
/** capabilities(7). */
const CAPABILITIES = (
  "AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER " +
  "FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE " +
  "NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE " +
  "SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM"
).split(" ");
const STATES = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];
const capabilities = words("ALL", ...CAPABILITIES);
const signals = words(...SIGNALS);
const platforms = words("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/ppc64le", "linux/riscv64");

/** Values of flags that mean the same in every command that has them. */
const FLAGS: Readonly<Record<string, ValueKind>> = {
  "cap-add": capabilities,
  "cap-drop": capabilities,
  cgroupns: words("host", "private"),
  cidfile: files,
  config: folders,
  context: contexts,
  "depends-on": containers,
  env: { kind: "environment" },
  "env-file": files,
  format: words("json", "table"),
  iidfile: files,
  ipc: words("host", "none", "private", "shareable"),
  "label-file": files,
  link: containers,
  "log-driver": words("json-file", "local", "none", "syslog", "journald", "fluentd", "gelf"),
  "log-level": words("debug", "info", "warn", "error", "fatal"),
  "metadata-file": files,
  network: networks,
  net: networks,
  output: files,
  pid: words("host"),
  platform: platforms,
  progress: words("auto", "plain", "tty", "rawjson"),
  pull: words("always", "missing", "never"),
  restart: words("no", "always", "on-failure", "unless-stopped"),
  "security-opt": words("no-new-privileges", "seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined"),
  signal: signals,
  "stop-signal": signals,
  tools: images,
  tlscacert: files,
  tlscert: files,
  tlskey: files,
  type: words("container", "image", "network", "volume"),
  userns: words("host"),
  uts: words("host"),
  volume: folders,
  "volumes-from": containers,
  workdir: nothing,
};

/** Where a flag of that name means something else. */
const OF_COMMAND: Readonly<Record<string, ValueKind>> = {
  "container ls --sort": words("created", "image", "name", "size", "status"),
  "image ls --sort": words("created", "name", "size"),
  "builder build --file": files,
  "builder build --network": words("default", "host", "none"),
  "builder build --output": nothing,
  "builder build --pull": nothing,
  "builder build --cache-from": images,
  "image load --input": files,
  "volume create --driver": words("local"),
  "network create --driver": words("bridge", "ipvlan", "macvlan"),
};

/** Names of filters by command; `status` and the like are completed further. */
const FILTERS: Readonly<Record<string, readonly string[]>> = {
  "container ls":
    "ancestor before exited expose health id is-task label name network publish since status volume".split(" "),
  "container prune": ["label", "until"],
  "image ls": ["before", "dangling", "label", "reference", "since", "until"],
  "image prune": ["dangling", "label", "until"],
  "network ls": ["dangling", "driver", "id", "label", "name", "scope", "type"],
  "network prune": ["label", "until"],
  "system events": ["container", "daemon", "event", "image", "label", "network", "type", "volume"],
  "system prune": ["label", "until"],
  "volume ls": ["dangling", "driver", "label", "name"],
  "volume prune": ["all", "label"],
};

const FILTER_VALUES: Readonly<Record<string, ValueKind>> = {
  ancestor: images,
  before: containers,
  container: containers,
  dangling: words("true", "false"),
  health: words("healthy", "none", "starting", "unhealthy"),
  image: images,
  "is-task": words("true", "false"),
  network: networks,
  since: containers,
  status: words(...STATES),
  volume: volumes,
};

/** What the value of a flag is; of a filter, what may follow `name=` when that is typed already. */
export function flagKind(path: string, flag: string, typed: string): ValueKind {
  if (flag === "filter") {
    const equals = typed.indexOf("=");
    if (equals === -1) return pairs(...(FILTERS[path] ?? []).map((name) => `${name}=`));
    return FILTER_VALUES[typed.slice(0, equals)] ?? nothing;
  }
  return OF_COMMAND[`${path} --${flag}`] ?? FLAGS[flag] ?? nothing;
}
