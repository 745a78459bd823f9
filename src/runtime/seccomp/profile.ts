import { invalid } from "#base/errors.ts";
import type { Seccomp, SeccompArch, SeccompSyscall } from "#spec/oci/runtime.ts";
import type { Machine } from "./abi.ts";

/** Docker's seccomp profile format: the OCI one with conditions on the machine and the container (docs: "Seccomp security profiles"). */
export interface Profile extends Omit<Seccomp, "syscalls"> {
  readonly archMap?: readonly {
    readonly architecture: SeccompArch;
    readonly subArchitectures?: readonly SeccompArch[] | null;
  }[];
  readonly syscalls?: readonly ProfileRule[] | null;
}

export interface ProfileRule extends Omit<SeccompSyscall, "names"> {
  readonly names?: readonly string[] | null;
  /** Old form of a one-name rule. */
  readonly name?: string;
  readonly comment?: string;
  /** The rule counts only when all of this holds … */
  readonly includes?: ProfileFilter;
  /** … and none of this. */
  readonly excludes?: ProfileFilter;
}

export interface ProfileFilter {
  readonly caps?: readonly string[] | null;
  /** Docker's architecture names: amd64, arm64, x86, arm, … */
  readonly arches?: readonly string[] | null;
  /** `<kernel>.<major>`, e.g. `4.8`. */
  readonly minKernel?: string;
}

export interface ProfileFacts {
  readonly machine: Machine;
  readonly kernel: { readonly major: number; readonly minor: number };
  /** The container's bounding set, names with `CAP_`. */
  readonly capabilities: ReadonlySet<string>;
}

/** CLONE_NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET and NEWCGROUP. */
export const CLONE_NAMESPACES = 0x7e020000;

const dockerArch: Readonly<Record<Machine, { readonly name: string; readonly scmp: SeccompArch }>> = {
  x86_64: { name: "amd64", scmp: "SCMP_ARCH_X86_64" },
  aarch64: { name: "arm64", scmp: "SCMP_ARCH_AARCH64" },
};

const kept = 16;
const resolved = new WeakMap<Profile, Map<string, Seccomp | undefined>>();

/**
 * The profile as it applies to one container; undefined = no filter (a profile that says nothing, as Docker treats it). Of
 * the same profile the same object for the same facts: what is compiled of it is found again by that.
 */
export function resolveProfile(profile: Profile, facts: ProfileFacts): Seccomp | undefined {
  const { machine, kernel, capabilities } = facts;
  const key = `${machine} ${String(kernel.major)}.${String(kernel.minor)} ${[...capabilities].join(" ")}`;
  const known = resolved.get(profile) ?? new Map<string, Seccomp | undefined>();
  if (known.has(key)) return known.get(key);
  const made = resolve(profile, facts);
  resolved.set(profile, known.set(key, made));
  const [oldest] = known.keys();
  if (known.size > kept && oldest !== undefined) known.delete(oldest);
  return made;
}

function resolve(profile: Profile, facts: ProfileFacts): Seccomp | undefined {
  const { archMap, syscalls, ...common } = profile;
  if (!profile.defaultAction && (syscalls ?? []).length === 0) return undefined;
  if ((profile.architectures ?? []).length > 0 && (archMap ?? []).length > 0) {
    throw invalid(
      "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  }
  const { scmp } = dockerArch[facts.machine];
  const mapped = (archMap ?? []).find(({ architecture }) => architecture === scmp);
  const architectures =
    mapped === undefined ? (profile.architectures ?? []) : [mapped.architecture, ...(mapped.subArchitectures ?? [])];
  const rules: SeccompSyscall[] = [];
  for (const rule of syscalls ?? []) {
    const { includes, excludes, name, comment: _comment, names, ...call } = rule;
    if (name && (names ?? []).length > 0) {
      throw invalid("both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'");
    }
    if (excludes !== undefined && excludes !== null && excluded(excludes, facts)) continue;
    if (includes !== undefined && includes !== null && !included(includes, facts)) continue;
    rules.push({ ...call, args: call.args ?? [], names: name ? [name] : (names ?? []) });
  }
  return { ...common, architectures, syscalls: rules };
}

function excluded(filter: ProfileFilter, facts: ProfileFacts): boolean {
  return (
    (filter.arches ?? []).includes(dockerArch[facts.machine].name) ||
    (filter.caps ?? []).some((name) => facts.capabilities.has(name)) ||
    (filter.minKernel ? runs(filter.minKernel, facts) : false)
  );
}

function included(filter: ProfileFilter, facts: ProfileFacts): boolean {
  const arches = filter.arches ?? [];
  return (
    (arches.length === 0 || arches.includes(dockerArch[facts.machine].name)) &&
    (filter.caps ?? []).every((name) => facts.capabilities.has(name)) &&
    (filter.minKernel ? runs(filter.minKernel, facts) : true)
  );
}

function runs(version: string, { kernel }: ProfileFacts): boolean {
  const match = /^(\d{1,3})\.(\d{1,3})$/u.exec(version);
  const [major, minor] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || (major === 0 && minor === 0)) {
    throw invalid(`invalid kernel version: ${JSON.stringify(version)}, expected "<kernel>.<major>"`);
  }
  return kernel.major > major || (kernel.major === major && kernel.minor >= minor);
}
