import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";
import type { ContainerLabels } from "#runtime/selinux/container-labels.ts";
import type { ResolvedUser } from "#runtime/user/types.ts";
import type { ContainerConfig } from "#spec/docker/container-config.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import type { Device, IdMappings, RuntimeSpec } from "#spec/oci/runtime.ts";

/**
 * Everything Docker's defaults depend on, already looked up; `containerSpec` is a pure function of it. `config` is the
 * container's config with the image's merged in (merge-config.ts).
 */
export interface ContainerSpecInput {
  readonly id: string;
  readonly config: ContainerConfig;
  /** Entrypoint and command joined. */
  readonly argv: readonly string[];
  readonly hostConfig: HostConfig;
  readonly user: ResolvedUser;
  /** Existing host files bound over /etc/…; undefined = the image's own stays (e.g. `--network container:`'s are given by that container's). */
  readonly files: { readonly resolvConf?: string; readonly hostname?: string; readonly hosts?: string };
  /** Variables of links, before the config's own. */
  readonly linkVariables?: readonly string[];
  /** The engine's limits for containers, by name below the container's own. */
  readonly defaultUlimits?: NonNullable<HostConfig["Ulimits"]>;
  /** Host file that is pid 1 and runs the command (`--init`); undefined = the command itself is. */
  readonly initPath?: string;
  /** Host directory of the container's /dev/shm, when another container's is shared; undefined = an own tmpfs. */
  readonly shmPath?: string;
  /** Binds, volumes and tmpfs in the order asked for, resolved to host paths. HostConfig.Tmpfs is added by containerSpec. */
  readonly mounts: readonly ContainerMount[];
  /** Namespaces that are shared or made already. Missing = as HostConfig's modes say (new, or the host's). */
  readonly namespaces: {
    readonly network?: string;
    readonly ipc?: string;
    readonly pid?: string;
    readonly uts?: string;
    readonly cgroup?: string;
  };
  /** Of containers whose ids are not the host's; undefined = the host's. */
  readonly userNamespace?: UserNamespace | undefined;
  /** `cgroupsPath` of the spec, e.g. `/berth/<id>`. */
  readonly cgroupPath: string;
  /** HostConfig.Devices and, for `--privileged`, all host devices, looked up by stat. */
  readonly devices: readonly HostDevice[];
  /** Numbers of the block devices named by path in HostConfig.Blkio*. */
  readonly blockDevices: Readonly<Record<string, { readonly major: number; readonly minor: number }>>;
  /** For containers that say neither yes nor no; no when undefined. */
  readonly noNewPrivileges?: boolean;
  /** Text of `seccomp=<profile>` when a file was given by the engine's configuration; HostConfig carries JSON inline. */
  readonly seccompProfile?: string;
  /** SELinux labels; undefined where the engine gives none. */
  readonly labels?: ContainerLabels | undefined;
  readonly facts: RuntimeFacts;
}

/** `path`: one that is there; otherwise it is made with the mappings. `sameIds`: they change nothing. */
export interface UserNamespace extends IdMappings {
  readonly path?: string;
  readonly sameIds?: boolean;
}

export interface HostDevice {
  /** The host's own path, no link. */
  readonly hostPath: string;
  readonly node: Device;
  /** Letters of `rwm`. */
  readonly access: string;
}

export type ContainerMount =
  | {
      readonly type: "bind";
      readonly source: string;
      readonly destination: string;
      readonly readOnly: boolean;
      /** rprivate when empty. */
      readonly propagation: string;
      /** false = only the top mount. */
      readonly recursive: boolean;
      /** Read-only also for what is mounted below: `if-possible` is Docker's default, `force` fails where the kernel cannot. */
      readonly recursiveReadOnly: "no" | "if-possible" | "force";
      /** Ids of the source's files as they shall be seen; undefined = as they are. */
      readonly idMaps?: IdMappings;
      /** In a user namespace: owners on the host are the container's ids, as in the image's own files. */
      readonly ownIds?: boolean;
    }
  | {
      readonly type: "tmpfs";
      readonly destination: string;
      /** mount options, e.g. `size=64m`, `mode=1777`, `ro`. */
      readonly options: readonly string[];
    };

export interface ContainerSpec {
  readonly spec: RuntimeSpec;
  readonly warnings: readonly string[];
}
