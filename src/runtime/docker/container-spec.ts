import { BerthError } from "#base/errors.ts";
import { defaultProfileName } from "#runtime/apparmor/default-profile.ts";
import { defaultProfile } from "#runtime/seccomp/default-profile.ts";
import { parseProfile } from "#runtime/seccomp/parse-profile.ts";
import { resolveProfile, type Profile } from "#runtime/seccomp/profile.ts";
import {
  OCI_RUNTIME_VERSION,
  type DeviceRule,
  type Linux,
  type Resources,
  type Namespace,
  type Rlimit,
  type RuntimeSpec,
  type Seccomp,
} from "#spec/oci/runtime.ts";
import { containerCapabilities } from "./capabilities.ts";
import { containerMounts, initTarget } from "./default-mounts.ts";
import { containerEnvironment } from "./environment.ts";
import { containerResources, parseDeviceCgroupRule } from "./resources.ts";
import { maskedPaths, readonlyPaths } from "./system-paths.ts";
import { placedDevices } from "./placed-devices.ts";
import { parseSecurityOptions, type SecurityOptions } from "./security-options.ts";
import type { ContainerSpec, ContainerSpecInput, UserNamespace } from "./types.ts";
import { wantedApparmor } from "./wanted-apparmor.ts";

/** Devices a container may use without asking; nodes are the runtime's default ones. FUSE needs `--device`. */
const deviceRules: readonly DeviceRule[] = [
  { allow: false, access: "rwm" },
  ...(
    [
      [1, 5],
      [1, 3],
      [1, 9],
      [1, 8],
      [5, 0],
      [5, 1],
    ] as const
  ).map(([major, minor]): DeviceRule => ({ allow: true, type: "c", major, minor, access: "rwm" })),
  { allow: false, type: "c", major: 10, minor: 229, access: "rwm" },
];

/**
 * The OCI spec of a container as Docker makes it from the same configuration (moby daemon/oci_linux.go is the reference
 * for behaviour). Pure. `warnings` tell what the machine cannot give. `invalid-parameter` in Docker's words.
 */
export function containerSpec(input: ContainerSpecInput): ContainerSpec {
  const { config, hostConfig, facts, labels } = input;
  const warnings: string[] = [];
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  const capabilities = containerCapabilities(
    { add: hostConfig.CapAdd ?? [], drop: hostConfig.CapDrop ?? [], privileged: hostConfig.Privileged },
    facts.lastCapability,
  );
  const { mounts, rootfsPropagation } = containerMounts(input, security.writableCgroups ?? hostConfig.Privileged);
  const seccomp = seccompOf(input, security, capabilities, warnings);
  const apparmorProfile = apparmorOf(input, security, warnings);
  if (labels === undefined && security.labels.some((label) => label !== "disable"))
    warnings.push("SELinux is not enabled: --security-opt label is not used");
  const open = hostConfig.Privileged || security.unconfinedSystemPaths;
  const hostUts = hostConfig.UTSMode === "host";
  const placed = placedDevices(input.devices, input.userNamespace !== undefined);
  const linux: Linux = {
    namespaces: namespacesOf(input),
    ...mappingsOf(input.userNamespace),
    cgroupsPath: input.cgroupPath,
    resources: containerLimits(input, warnings),
    devices: placed.nodes,
    sysctl: sysctlsOf(input),
    maskedPaths: hostConfig.MaskedPaths ?? (open ? [] : maskedPaths(facts.thermalThrottlePaths)),
    readonlyPaths: hostConfig.ReadonlyPaths ?? (open ? [] : readonlyPaths),
    ...(seccomp === undefined ? {} : { seccomp }),
    ...(rootfsPropagation === undefined ? {} : { rootfsPropagation }),
    ...(labels === undefined ? {} : { mountLabel: labels.mount }),
  };
  const spec: RuntimeSpec = {
    ociVersion: OCI_RUNTIME_VERSION,
    process: {
      terminal: config.Tty,
      ...(config.Tty && hostConfig.ConsoleSize[0] > 0
        ? { consoleSize: { height: hostConfig.ConsoleSize[0], width: hostConfig.ConsoleSize[1] } }
        : {}),
      user: {
        uid: input.user.uid,
        gid: input.user.gid,
        additionalGids: [input.user.gid, ...input.user.additionalGids],
      },
      args: input.initPath === undefined ? input.argv : [initTarget, "--", ...input.argv],
      env: containerEnvironment({
        env: [...(input.linkVariables ?? []), ...(config.Env ?? [])],
        hostname: config.Hostname,
        terminal: config.Tty,
        home: input.user.home,
      }),
      cwd: config.WorkingDir === "" ? "/" : config.WorkingDir,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      rlimits: rlimitsOf(input),
      noNewPrivileges: security.noNewPrivileges ?? input.noNewPrivileges ?? false,
      oomScoreAdj: hostConfig.OomScoreAdj,
      ...(apparmorProfile === undefined ? {} : { apparmorProfile }),
      ...(labels === undefined || hostConfig.Privileged ? {} : { selinuxLabel: labels.process }),
    },
    root: { path: "rootfs", readonly: hostConfig.ReadonlyRootfs },
    ...(hostUts
      ? {}
      : { hostname: config.Hostname, ...(config.Domainname === "" ? {} : { domainname: config.Domainname }) }),
    mounts: [...mounts, ...placed.mounts],
    annotations: hostConfig.Annotations ?? {},
    linux,
  };
  return { spec, warnings };
}

/** New, shared with a path the engine found, or the host's (left out). */
function namespacesOf({ hostConfig, namespaces, userNamespace, facts }: ContainerSpecInput): readonly Namespace[] {
  const at = (type: Namespace["type"], path: string | undefined): Namespace =>
    path === undefined ? { type } : { type, path };
  const list: Namespace[] = [{ type: "mount" }];
  if (userNamespace !== undefined) list.push(at("user", userNamespace.path));
  if (hostConfig.NetworkMode !== "host") list.push(at("network", namespaces.network));
  if (facts.namespaces.time) list.push({ type: "time" });
  if (hostConfig.UTSMode !== "host") list.push(at("uts", namespaces.uts));
  if (hostConfig.PidMode !== "host") list.push(at("pid", namespaces.pid));
  if (hostConfig.IpcMode !== "host") list.push(at("ipc", namespaces.ipc));
  const privateCgroup =
    hostConfig.CgroupnsMode === ""
      ? facts.cgroupVersion === 2 && !hostConfig.Privileged
      : hostConfig.CgroupnsMode === "private";
  if (privateCgroup && facts.namespaces.cgroup) list.push(at("cgroup", namespaces.cgroup));
  return list;
}

function mappingsOf(userNamespace: UserNamespace | undefined): Pick<Linux, "uidMappings" | "gidMappings"> {
  if (userNamespace === undefined || userNamespace.path !== undefined) return {};
  return { uidMappings: userNamespace.uid, gidMappings: userNamespace.gid };
}

/** All that a container's control groups are made with. */
export function containerLimits(
  input: Pick<ContainerSpecInput, "hostConfig" | "blockDevices" | "devices" | "facts">,
  warnings: string[],
): Resources {
  return { ...machineResources(input, warnings), devices: devicesAllowed(input) };
}

/** Limits that this machine cannot set are left out with Docker's warnings where Docker does so too; others fail by name later. */
export function machineResources(
  { hostConfig, blockDevices, facts }: Pick<ContainerSpecInput, "hostConfig" | "blockDevices" | "facts">,
  warnings: string[],
): Resources {
  const resources = containerResources(hostConfig, blockDevices);
  if (resources.memory === undefined) return resources;
  const { swap, swappiness, disableOOMKiller, ...memory } = resources.memory;
  const { cgroupFeatures: features } = facts;
  const kept = { ...memory } as { -readonly [K in keyof typeof resources.memory]: (typeof resources.memory)[K] };
  if (swap !== undefined) {
    if (features.swap) kept.swap = swap;
    else
      warnings.push(
        "Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.",
      );
  }
  if (swappiness !== undefined) {
    if (features.swappiness) kept.swappiness = swappiness;
    else
      warnings.push(
        "Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.",
      );
  }
  if (disableOOMKiller !== undefined) {
    if (features.oomKillDisable) kept.disableOOMKiller = disableOOMKiller;
    else warnings.push("Your kernel does not support OomKillDisable. OomKillDisable discarded.");
  }
  return { ...resources, memory: kept };
}

function devicesAllowed({
  hostConfig,
  devices,
}: Pick<ContainerSpecInput, "hostConfig" | "devices">): readonly DeviceRule[] {
  if (hostConfig.Privileged) return [{ allow: true, access: "rwm" }];
  const asked = devices.map(({ node, access }): DeviceRule => {
    const letter = node.type === "b" ? "b" : "c";
    return { allow: true, type: letter, major: node.major ?? 0, minor: node.minor ?? 0, access };
  });
  return [...deviceRules, ...asked, ...(hostConfig.DeviceCgroupRules ?? []).map(parseDeviceCgroupRule)];
}

/** docker-compat: ping and low ports work without capabilities in a network namespace that is the container's own. */
function sysctlsOf({ hostConfig, userNamespace, facts }: ContainerSpecInput): Readonly<Record<string, string>> {
  const shared = hostConfig.NetworkMode === "host" || hostConfig.NetworkMode.startsWith("container:");
  return {
    // Not every id is there in a user namespace.
    ...(!shared && (userNamespace === undefined || userNamespace.sameIds === true) && facts.pingGroupRange
      ? { "net.ipv4.ping_group_range": "0 2147483647" }
      : {}),
    ...(!shared && facts.unprivilegedPortStart ? { "net.ipv4.ip_unprivileged_port_start": "0" } : {}),
    ...hostConfig.Sysctls,
  };
}

const limitNames = new Set(
  "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack as".split(" "),
);

/** The engine's own limits stand in for what the container does not say. */
function rlimitsOf({ hostConfig, defaultUlimits }: ContainerSpecInput): readonly Rlimit[] {
  const value = (number: number): bigint => (number < 0 ? 2n ** 64n - 1n : BigInt(number));
  const own = hostConfig.Ulimits ?? [];
  const named = new Set(own.map(({ Name }) => Name));
  const inherited = (defaultUlimits ?? []).filter(({ Name }) => !named.has(Name));
  return [...own, ...inherited].map(({ Name, Soft, Hard }) => {
    if (!limitNames.has(Name)) throw new BerthError("invalid-parameter", `invalid ulimit type: ${Name}`);
    return { type: `RLIMIT_${Name.toUpperCase()}`, soft: value(Soft), hard: value(Hard) };
  });
}

function seccompOf(
  { hostConfig, facts, seccompProfile }: ContainerSpecInput,
  { seccomp }: SecurityOptions,
  capabilities: readonly string[],
  warnings: string[],
): Seccomp | undefined {
  const resolve = (profile: Profile): Seccomp | undefined =>
    resolveProfile(profile, { machine: facts.machine, kernel: facts.kernel, capabilities: new Set(capabilities) });
  const chosen = seccomp === undefined || seccomp === "" ? undefined : seccomp;
  if (chosen === "unconfined") return undefined;
  if (!facts.seccomp) {
    if (chosen !== undefined && chosen !== "builtin") {
      throw new BerthError(
        "invalid-parameter",
        "seccomp is not enabled in your kernel, cannot run a custom seccomp profile",
      );
    }
    warnings.push("seccomp is not enabled in your kernel, running container without default profile");
    return undefined;
  }
  if (chosen === "builtin") return resolve(defaultProfile);
  if (chosen !== undefined) return resolve(parseProfile(chosen));
  if (hostConfig.Privileged || seccompProfile === "unconfined") return undefined;
  return resolve(
    seccompProfile === undefined || seccompProfile === "builtin" ? defaultProfile : parseProfile(seccompProfile),
  );
}

/** docker-compat: without the parser AppArmor counts as not there for who asks for no profile. */
function apparmorOf(
  { hostConfig, facts }: ContainerSpecInput,
  { apparmor }: SecurityOptions,
  warnings: string[],
): string | undefined {
  if (!facts.apparmor) {
    if (apparmor !== undefined && apparmor !== "" && apparmor !== "unconfined") {
      warnings.push("AppArmor is not enabled on this machine: --security-opt apparmor is not used");
    }
    return undefined;
  }
  const wanted = wantedApparmor(hostConfig);
  const isDefault = wanted === defaultProfileName && (apparmor ?? "") === "";
  return isDefault && facts.apparmorParser === undefined ? undefined : wanted;
}
