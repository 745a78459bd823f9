import { invalid } from "#base/errors.ts";
import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";
import { keep, type Exec, type Step } from "#runtime/plan/ops.ts";
import {
  OCI_RUNTIME_VERSION,
  type Linux,
  type MemoryPolicy,
  type Process,
  type Seccomp,
  type Uint64,
} from "#spec/oci/runtime.ts";
import { capabilityNumber, hasCapability, namesOf } from "./capabilities.ts";
import { parseCpuList } from "./cpu-list.ts";
import { pidMark, textWithPid } from "./pid-mark.ts";
import type { FilterCache } from "./filter-cache.ts";

export interface ProcessInput {
  readonly process: Process;
  readonly seccomp: Seccomp | undefined;
  readonly facts: RuntimeFacts;
  readonly filters: FilterCache;
  /** In a user namespace of its own every capability can be had there. */
  readonly userNamespace: boolean;
  /** Container id: names the session keyring, which execs share with the container. */
  readonly id: string;
  readonly personality?: Linux["personality"];
  readonly memoryPolicy?: MemoryPolicy;
  /** `init` of a container (its terminal is the console), or `exec` in it. */
  readonly role: "init" | "exec";
  /** False: the session keyring stays the caller's. */
  readonly newKeyring?: boolean;
  /** Fail before *ready* when there is no such program, as OCI runtimes do. */
  readonly findProgram?: boolean;
  /** Last steps before execve. */
  readonly beforeExec?: readonly Step[];
  /** Of the container, for the receiver of seccomp notifications. */
  readonly bundle?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ProcessSteps {
  /** While the process still has the host's rights: limits, session, terminal. */
  readonly early: readonly Step[];
  /** From the working directory to the last one before execve. */
  readonly late: readonly Step[];
  readonly exec: Exec;
  readonly warnings: readonly string[];
}

/** Docker's umask. */
const defaultUmask = 0o022;

/**
 * The process part of a plan, in an order where every step still has the rights it needs:
 *
 *   … chdir, bounding set, groups ─ wait ─ seccomp ─ user ─ capabilities            without no_new_privs (needs CAP_SYS_ADMIN)
 *   … chdir, bounding set, groups ─ wait ─ user ─ capabilities ─ no_new_privs ─ seccomp      with it
 *
 * so that as few calls as possible are made under the container's own filter.
 */
export function processSteps(input: ProcessInput): ProcessSteps {
  const { process, facts, id } = input;
  const warnings: string[] = [];
  const { args = [], cwd, user } = process;
  if (args.length === 0) throw invalid("args must not be empty");
  if (!cwd.startsWith("/")) throw invalid(`cwd must be an absolute path: ${JSON.stringify(cwd)}`);
  for (const text of [...args, ...(process.env ?? []), cwd])
    if (text.includes("\0")) throw invalid("arguments and environment must not contain NUL");

  const sets = capabilitySets(input, warnings);
  const label = labelStep(process, facts);
  const seccomp = seccompStep(input);
  const noNewPrivileges = process.noNewPrivileges === true;
  const early: Step[] = [
    ...rlimitSteps(input, warnings),
    ...oomSteps(input, warnings),
    { op: "setsid" },
    ...(process.terminal === true
      ? [{ op: "terminal" as const, uid: user.uid, gid: keep, console: input.role === "init" }]
      : []),
    ...(input.newKeyring === false
      ? []
      : [{ op: "session_keyring" as const, name: `_ses.${id}`, label: process.selinuxLabel ?? "" }]),
    ...personalitySteps(input.personality),
    ...schedulerSteps(process),
    ...memoryPolicySteps(input.memoryPolicy),
  ];
  const filter = seccomp === undefined ? [] : [seccomp];
  const late: Step[] = [
    { op: "umask", mask: user.umask ?? defaultUmask },
    { op: "chdir", path: cwd, create: false, uid: 0, gid: 0 },
    ...label,
    { op: "bounding_set", keep: sets.bounding },
    { op: "groups", gids: [...(user.additionalGids ?? [])] },
    ...(input.findProgram === true ? [{ op: "find_program" as const }] : []),
    { op: "wait", point: 0 },
    ...(noNewPrivileges ? [] : filter),
    { op: "user", uid: user.uid, gid: user.gid, ownStdio: true },
    {
      op: "capabilities",
      effective: sets.effective,
      permitted: sets.permitted,
      inheritable: sets.inheritable,
      ambient: sets.ambient,
    },
    ...(noNewPrivileges ? [{ op: "no_new_privs" as const }, ...filter] : []),
    ...(input.beforeExec ?? []),
  ];
  return { early, late, exec: { argv: args, env: process.env ?? [] }, warnings };
}

type Sets = Readonly<Record<"bounding" | "effective" | "permitted" | "inheritable" | "ambient", bigint>>;

/** What was asked for and this engine has; what it lacks is told once by name. */
function capabilitySets({ process, facts, userNamespace }: ProcessInput, warnings: string[]): Sets {
  const missing = new Set<string>();
  const grantable = userNamespace ? (1n << BigInt(facts.lastCapability + 1)) - 1n : facts.capabilities;
  const set = (names: readonly string[] | undefined): bigint => {
    let bits = 0n;
    for (const name of names ?? []) {
      const number = capabilityNumber(name);
      const bit = number === undefined ? 0n : 1n << BigInt(number);
      if ((bit & grantable) === 0n) missing.add(name);
      bits |= bit & grantable;
    }
    return bits;
  };
  const { bounding, effective, permitted, inheritable, ambient } = process.capabilities ?? {};
  const sets = {
    bounding: set(bounding),
    effective: set(effective),
    permitted: set(permitted),
    inheritable: set(inheritable),
    ambient: set(ambient),
  };
  if (missing.size > 0) {
    const names = [...missing].toSorted().join(", ");
    warnings.push(`${names} cannot be granted: this engine does not have ${missing.size === 1 ? "it" : "them"} itself`);
  }
  // capset(2) and PR_CAP_AMBIENT refuse what is not also permitted (and inheritable).
  const [effectiveBits, ambientBits] = [
    sets.effective & ~sets.permitted,
    sets.ambient & ~(sets.permitted & sets.inheritable),
  ];
  if (effectiveBits !== 0n)
    throw invalid(`effective capabilities must also be permitted: ${namesOf(effectiveBits).join(", ")}`);
  if (ambientBits !== 0n)
    throw invalid(`ambient capabilities must also be permitted and inheritable: ${namesOf(ambientBits).join(", ")}`);
  return sets;
}

const rlimitNumbers: Readonly<Record<string, number>> = Object.fromEntries(
  "CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME"
    .split(" ")
    .map((name, number) => [`RLIMIT_${name}`, number]),
);

const infinity = 2n ** 64n - 1n;
const big = (value: Uint64): bigint => BigInt.asUintN(64, BigInt(value));

function rlimitSteps({ process, facts, userNamespace }: ProcessInput, warnings: string[]): Step[] {
  const seen = new Set<string>();
  return (process.rlimits ?? []).map(({ type, soft, hard }) => {
    const resource = rlimitNumbers[type];
    if (resource === undefined) throw invalid(`rlimit type ${JSON.stringify(type)} is not known`);
    if (seen.has(type)) throw invalid(`rlimit ${type} is given twice`);
    seen.add(type);
    if (big(soft) > big(hard))
      throw invalid(`rlimit ${type}: soft limit ${String(soft)} is above the hard limit ${String(hard)}`);
    const own = facts.hardLimits[type] ?? infinity;
    const mayRaise = !userNamespace && hasCapability(facts.capabilities, "CAP_SYS_RESOURCE");
    if (mayRaise || big(hard) <= own) return { op: "rlimit", resource, soft: big(soft), hard: big(hard) };
    warnings.push(`${type} ${text(hard)} cannot be set: this engine's own hard limit is ${text(own)}, which is used`);
    return { op: "rlimit", resource, soft: big(soft) < own ? big(soft) : own, hard: own };
  });
}

const text = (value: Uint64): string => (big(value) === infinity ? "unlimited" : String(value));

function oomSteps({ process, facts }: ProcessInput, warnings: string[]): Step[] {
  const wanted = process.oomScoreAdj;
  if (wanted === undefined) return [];
  if (!Number.isInteger(wanted) || wanted < -1000 || wanted > 1000) {
    throw invalid(`Invalid value ${String(wanted)}, range for oom score adj is [-1000, 1000]`);
  }
  if (wanted >= facts.oomScoreAdj || hasCapability(facts.capabilities, "CAP_SYS_RESOURCE"))
    return [{ op: "oom_score_adj", value: wanted }];
  // docker-compat: 0 is what everybody gets who said nothing, so an engine that is itself adjusted upward says nothing.
  if (wanted !== 0)
    warnings.push(
      `oom_score_adj ${String(wanted)} cannot be set: this engine may not go below its own ${String(facts.oomScoreAdj)}, which is used`,
    );
  return [{ op: "oom_score_adj", value: facts.oomScoreAdj }];
}

function personalitySteps(personality: Linux["personality"]): Step[] {
  if (personality === undefined) return [];
  if ((personality.flags ?? []).length > 0) throw invalid("personality flags are not defined by the specification");
  if (personality.domain !== "LINUX" && personality.domain !== "LINUX32")
    throw invalid(`personality domain ${JSON.stringify(personality.domain)} is not known`);
  return [{ op: "personality", persona: personality.domain === "LINUX" ? 0 : 8 }];
}

const policies = [
  "SCHED_OTHER",
  "SCHED_FIFO",
  "SCHED_RR",
  "SCHED_BATCH",
  "SCHED_ISO",
  "SCHED_IDLE",
  "SCHED_DEADLINE",
] as const;
const schedulerFlags: Readonly<Record<string, bigint>> = {
  SCHED_FLAG_RESET_ON_FORK: 1n,
  SCHED_FLAG_RECLAIM: 2n,
  SCHED_FLAG_DL_OVERRUN: 4n,
  SCHED_FLAG_KEEP_POLICY: 8n,
  SCHED_FLAG_KEEP_PARAMS: 0x10n,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20n,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40n,
};

function schedulerSteps({ scheduler, ioPriority }: Process): Step[] {
  const steps: Step[] = [];
  if (scheduler !== undefined) {
    const policy = policies.indexOf(scheduler.policy);
    if (policy < 0) throw invalid(`scheduler policy ${JSON.stringify(scheduler.policy)} is not known`);
    let flags = 0n;
    for (const flag of scheduler.flags ?? []) {
      const bit = schedulerFlags[flag];
      if (bit === undefined) throw invalid(`scheduler flag ${JSON.stringify(flag)} is not known`);
      flags |= bit;
    }
    const { nice = 0, priority = 0, runtime = 0, deadline = 0, period = 0 } = scheduler;
    steps.push({
      op: "scheduler",
      policy,
      flags,
      nice,
      priority,
      runtime: big(runtime),
      deadline: big(deadline),
      period: big(period),
    });
  }
  if (ioPriority !== undefined) {
    const number = ["IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"].indexOf(ioPriority.class) + 1;
    if (number === 0) throw invalid(`ioPriority class ${JSON.stringify(ioPriority.class)} is not known`);
    if (ioPriority.priority < 0 || ioPriority.priority > 7)
      throw invalid(`ioPriority ${String(ioPriority.priority)} is not between 0 and 7`);
    steps.push({ op: "io_priority", class: number, priority: ioPriority.priority });
  }
  return steps;
}

const memoryModes = [
  "MPOL_DEFAULT",
  "MPOL_PREFERRED",
  "MPOL_BIND",
  "MPOL_INTERLEAVE",
  "MPOL_LOCAL",
  "MPOL_PREFERRED_MANY",
  "MPOL_WEIGHTED_INTERLEAVE",
];
const memoryFlags: Readonly<Record<string, number>> = {
  MPOL_F_STATIC_NODES: 1 << 15,
  MPOL_F_RELATIVE_NODES: 1 << 14,
  MPOL_F_NUMA_BALANCING: 1 << 13,
};

function memoryPolicySteps(policy: MemoryPolicy | undefined): Step[] {
  if (policy === undefined) return [];
  const mode = memoryModes.indexOf(policy.mode);
  if (mode < 0) throw invalid(`memory policy ${JSON.stringify(policy.mode)} is not known`);
  let flags = 0;
  for (const flag of policy.flags ?? []) {
    const bit = memoryFlags[flag];
    if (bit === undefined) throw invalid(`memory policy flag ${JSON.stringify(flag)} is not known`);
    flags |= bit;
  }
  const nodes =
    policy.nodes === undefined || policy.nodes === ""
      ? new Uint8Array()
      : parseCpuList(policy.nodes, "memory policy nodes");
  return [{ op: "memory_policy", mode: mode | flags, nodes }];
}

function labelStep({ apparmorProfile, selinuxLabel }: Process, facts: RuntimeFacts): Step[] {
  const steps: Step[] = [];
  if (apparmorProfile !== undefined && apparmorProfile !== "" && apparmorProfile !== "unconfined") {
    if (!facts.apparmor)
      throw invalid(`apparmor profile ${JSON.stringify(apparmorProfile)} is wanted, but this machine has no AppArmor`);
    steps.push({ op: "lsm_exec_label", lsm: "apparmor", label: apparmorProfile });
  }
  if (selinuxLabel !== undefined && selinuxLabel !== "") {
    if (!facts.selinux) throw invalid("selinux label is specified in config, but selinux is disabled or not supported");
    steps.push({ op: "lsm_exec_label", lsm: "selinux", label: selinuxLabel });
  }
  return steps;
}

function seccompStep(input: ProcessInput): Step | undefined {
  const { seccomp, facts, filters } = input;
  if (seccomp === undefined) return undefined;
  if (!facts.seccomp) throw invalid("seccomp is wanted, but this kernel has no seccomp filters");
  const { program, flags, notifies } = filters.filter(seccomp, facts.machine);
  const listener = seccomp.listenerPath ?? "";
  if (notifies && listener === "") throw invalid("SCMP_ACT_NOTIFY needs a listenerPath");
  if (!notifies && listener !== "") throw invalid("a seccomp listenerPath needs a rule with SCMP_ACT_NOTIFY");
  const listenerMessage = notifies ? containerProcessState(input, seccomp) : new Uint8Array();
  return { op: "seccomp", flags, filter: program, listener, listenerMessage };
}

/** config-linux.md, "The Container Process State"; the shim puts the pid where the mark is. */
function containerProcessState(
  { id, role, bundle, annotations }: ProcessInput,
  { listenerMetadata }: Seccomp,
): Uint8Array {
  const pid = pidMark;
  const status = role === "init" ? "creating" : "running";
  const ociVersion = OCI_RUNTIME_VERSION;
  return textWithPid({
    ociVersion,
    fds: ["seccompFd"],
    pid,
    metadata: listenerMetadata ?? "",
    state: { ociVersion, id, status, pid, bundle: bundle ?? "", annotations: annotations ?? {} },
  });
}
