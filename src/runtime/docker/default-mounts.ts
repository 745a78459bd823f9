import { BerthError } from "#base/errors.ts";
import type { Mount } from "#spec/oci/runtime.ts";
import type { ContainerMount, ContainerSpecInput } from "./types.ts";

/** The mounts every container has, in order; /dev/shm gets its size added. */
const defaults: readonly Mount[] = [
  { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro", "nosuid", "noexec", "nodev"] },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
  { destination: "/dev/shm", type: "tmpfs", source: "shm", options: ["nosuid", "noexec", "nodev", "mode=1777"] },
];

/** Where the engine's init is inside. docker-compat */
export const initTarget = "/sbin/docker-init";

/** What stays writable below a read-only root. */
const alwaysWritable = new Set(["/proc", "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev"]);

export interface ContainerMounts {
  readonly mounts: readonly Mount[];
  /** OCI rootfsPropagation that a shared or slave bind needs. */
  readonly rootfsPropagation: string | undefined;
}

/** The spec's mounts: defaults that nobody replaced, then the user's by depth, then the engine's files over /etc. */
export function containerMounts(input: ContainerSpecInput, writableCgroups: boolean): ContainerMounts {
  const { hostConfig, files, shmPath } = input;
  const wanted = [...input.mounts, ...tmpfsMounts(hostConfig.Tmpfs ?? {})];
  const taken = new Set(wanted.map(({ destination }) => destination));
  const kept = defaults.filter(({ destination }) => {
    if (taken.has(destination)) return false;
    if (taken.has("/dev") && destination.startsWith("/dev/")) return false;
    return !(destination === "/dev/shm" && hostConfig.IpcMode === "none");
  });
  const base = kept.map((mount): Mount => {
    const options = mount.options ?? [];
    if (mount.destination === "/dev/shm") {
      return shmPath === undefined
        ? { ...mount, options: [...options, `size=${String(hostConfig.ShmSize)}`] }
        : { destination: "/dev/shm", type: "bind", source: shmPath, options: ["rbind", "rprivate"] };
    }
    // Only who has rights over the network may mount a sysfs that shows it.
    if (mount.destination === "/sys" && hostConfig.NetworkMode === "host" && input.userNamespace !== undefined)
      return { ...mount, type: "bind", source: "/sys", options: ["bind", ...options] };
    const writable =
      (mount.destination === "/sys" && hostConfig.Privileged) || (mount.type === "cgroup" && writableCgroups);
    const readOnly = hostConfig.ReadonlyRootfs && !alwaysWritable.has(mount.destination);
    const plain = options.filter((option) => option !== "ro");
    return { ...mount, options: writable ? plain : readOnly || options.includes("ro") ? [...plain, "ro"] : plain };
  });
  const etc = (
    [
      ["/etc/resolv.conf", files.resolvConf],
      ["/etc/hostname", files.hostname],
      ["/etc/hosts", files.hosts],
    ] as const
  ).flatMap(([destination, source]): Mount[] =>
    source === undefined || taken.has(destination)
      ? []
      : [
          {
            destination,
            type: "bind",
            source,
            options: [...["rbind", "rprivate"], ...(hostConfig.ReadonlyRootfs ? ["ro"] : [])],
            ...ownIds(input),
          },
        ],
  );
  const users = wanted
    .toSorted((a, b) => depth(a.destination) - depth(b.destination))
    .map((mount) => userMount(mount, input));
  // The file may lie on a file system without execution, as /run often is.
  const init: readonly Mount[] =
    input.initPath === undefined
      ? []
      : [{ destination: initTarget, type: "bind", source: input.initPath, options: ["bind", "ro", "exec"] }];
  return { mounts: [...base, ...users, ...etc, ...init], rootfsPropagation: rootPropagation(wanted) };
}

const depth = (path: string): number => path.split("/").filter((part) => part !== "").length;

/** Makes owners on the host the container's ids. */
function ownIds({ userNamespace }: ContainerSpecInput): Pick<Mount, "uidMappings" | "gidMappings"> {
  return userNamespace === undefined || userNamespace.sameIds === true
    ? {}
    : { uidMappings: userNamespace.uid, gidMappings: userNamespace.gid };
}

function userMount(mount: ContainerMount, input: ContainerSpecInput): Mount {
  if (mount.type === "tmpfs") {
    return {
      destination: mount.destination,
      type: "tmpfs",
      source: "tmpfs",
      options: ["noexec", "nosuid", "nodev", "rprivate", ...mount.options],
    };
  }
  const readOnly = !mount.readOnly ? [] : mount.recursiveReadOnly === "no" ? ["ro"] : ["rro"];
  return {
    destination: mount.destination,
    type: "bind",
    source: mount.source,
    options: [
      mount.recursive ? "rbind" : "bind",
      ...readOnly,
      mount.propagation === "" ? "rprivate" : mount.propagation,
    ],
    ...bindIds(mount, input),
  };
}

function bindIds(
  { idMaps, ownIds: own, destination }: Extract<ContainerMount, { readonly type: "bind" }>,
  input: ContainerSpecInput,
): Pick<Mount, "uidMappings" | "gidMappings"> {
  if (idMaps === undefined) return own === true ? ownIds(input) : {};
  if (input.userNamespace !== undefined && input.userNamespace.sameIds !== true)
    throw new BerthError(
      "not-implemented",
      `mount ${destination}: id maps of its own are not supported in a user namespace; use --userns=host`,
    );
  return { uidMappings: idMaps.uid, gidMappings: idMaps.gid };
}

/** HostConfig.Tmpfs: destination -> comma-separated options. */
function tmpfsMounts(tmpfs: Readonly<Record<string, string>>): readonly ContainerMount[] {
  return Object.entries(tmpfs).map(([destination, options]) => ({
    type: "tmpfs",
    destination,
    options: options.split(",").filter((option) => option !== ""),
  }));
}

/** A shared bind is only seen outside when the root is shared too; a slave bind needs a root that takes mounts in. */
function rootPropagation(mounts: readonly ContainerMount[]): string | undefined {
  const modes = new Set(mounts.map((mount) => (mount.type === "bind" ? mount.propagation : "")));
  if (modes.has("shared") || modes.has("rshared")) return "shared";
  return modes.has("slave") || modes.has("rslave") ? "rslave" : undefined;
}
