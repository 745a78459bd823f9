import { BerthError } from "#base/errors.ts";
import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";
import { containerSpec } from "#runtime/docker/container-spec.ts";
import { sameIds } from "#runtime/emulation/emulators.ts";
import type { ContainerMount, ContainerSpec, ContainerSpecInput, UserNamespace } from "#runtime/docker/types.ts";
import type { ResolvedUser } from "#runtime/user/types.ts";
import { containerConfig } from "#spec/docker/container-config.ts";
import { hostConfig, type HostConfig } from "#spec/docker/host-config.ts";
import type { ExecOperation } from "../../graph/types.ts";
import type { StepSettings } from "../../solver/types.ts";

/** The engine's settings for containers, as far as they concern a build's commands too. */
export interface CommandDefaults {
  readonly cgroupParent: string;
  readonly defaultShmSizeBytes: number;
  readonly defaultUlimits: NonNullable<HostConfig["Ulimits"]>;
  readonly noNewPrivileges: boolean;
  readonly seccompProfile: string;
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly hostGatewayIps: readonly string[];
  /** Folders with CDI specifications, later ones win. */
  readonly cdiSpecDirs: readonly string[];
  /** What the ids of commands are on the machine (`--userns-remap`); undefined: the same. */
  readonly remappedIds: UserNamespace | undefined;
}

/** docker-compat: BuildKit's. Always the same, so that what a command writes down of it is too. */
export const COMMAND_HOSTNAME = "buildkitsandbox";

export interface CommandInput {
  readonly id: string;
  readonly cgroupPath: string;
  /** That is there already. */
  readonly networkNamespace: string | undefined;
  readonly hostname: string;
  readonly operation: ExecOperation;
  /** With build arguments and secrets. */
  readonly env: readonly string[];
  readonly user: ResolvedUser;
  readonly terminal: boolean;
  readonly mounts: readonly ContainerMount[];
  readonly files: ContainerSpecInput["files"];
  readonly settings: StepSettings;
  readonly defaults: CommandDefaults;
  readonly facts: RuntimeFacts;
  /** Its programs are another architecture's, with handlers in a user namespace of its own. */
  readonly isEmulated: boolean;
}

/** The command as a container with Docker's defaults. Pure. */
export function commandSpec(input: CommandInput): ContainerSpec {
  const { id, operation, env, user, terminal, mounts, files, settings, defaults, facts } = input;
  const { networkNamespace, hostname, isEmulated } = input;
  return containerSpec({
    id,
    config: {
      ...containerConfig.zero,
      Hostname: hostname,
      Env: [...env],
      Tty: terminal,
      WorkingDir: operation.cwd,
    },
    argv: operation.args,
    hostConfig: {
      ...commandHostConfig(operation, settings, defaults, facts),
      // Its settings are as the command before got them.
      ...(networkNamespace === undefined ? {} : { NetworkMode: "container:" }),
    },
    user,
    files,
    defaultUlimits: defaults.defaultUlimits,
    mounts,
    namespaces: networkNamespace === undefined ? {} : { network: networkNamespace },
    userNamespace: defaults.remappedIds ?? (isEmulated ? sameIds : undefined),
    cgroupPath: input.cgroupPath,
    devices: [],
    blockDevices: {},
    noNewPrivileges: defaults.noNewPrivileges,
    seccompProfile: defaults.seccompProfile,
    facts,
  });
}

/** Refuse, in the words for containers, what cannot be in a user namespace of its own. */
export function checkUserNamespace(
  { network, security }: ExecOperation,
  { remappedIds }: Pick<CommandDefaults, "remappedIds">,
): void {
  if (remappedIds === undefined) return;
  const refuse = (why: string): BerthError => new BerthError("invalid-parameter", why);
  if (security === "insecure") throw refuse("privileged mode is incompatible with user namespaces");
  if (network === "host") throw refuse("cannot share the host's network namespace when user namespaces are enabled");
}

/** Where a command's cgroup is, below the hierarchies. */
export function commandCgroup(id: string, { cgroupParent }: StepSettings, defaults: CommandDefaults): string {
  return `/${cgroupParent || defaults.cgroupParent}/${id}`.replace(/\/+/g, "/");
}

function commandHostConfig(
  { network, security }: ExecOperation,
  { limits, shmSizeBytes, ulimits, securityOptions }: StepSettings,
  defaults: CommandDefaults,
  facts: RuntimeFacts,
): HostConfig {
  return {
    ...hostConfig.zero,
    NetworkMode: network === "default" ? "bridge" : network,
    CgroupnsMode: facts.cgroupVersion === 1 ? "host" : "private",
    IpcMode: "private",
    Privileged: security === "insecure",
    ShmSize: shmSizeBytes || defaults.defaultShmSizeBytes,
    Ulimits: [...ulimits],
    SecurityOpt: [...securityOptions],
    Memory: limits.memoryBytes,
    MemorySwap:
      limits.memoryBytes > 0 && limits.memorySwapBytes === 0 ? limits.memoryBytes * 2 : limits.memorySwapBytes,
    CpuShares: limits.cpuShares,
    CpuPeriod: limits.cpuPeriod,
    CpuQuota: limits.cpuQuota,
    CpusetCpus: limits.cpusetCpus,
    CpusetMems: limits.cpusetMems,
  };
}
