/**
 * The launch plan: everything the shim does between clone and exec, as plain data. TypeScript decides, native/shim
 * carries out and knows no policy. This file is the one source of the format: the types below are derived from the table
 * {@link stepTable}, `encode.ts`/`decode.ts` are driven by it and `native/shim/ops.h` is generated from it.
 *
 *   monitor (host namespaces)                          init (the new process)
 *   0 perhaps a network namespace, before there is a plan
 *   1 prepare: make the root mount, wait for control groups, open bind sources
 *   2 join namespaces, clone  ──────────────────────▶  waits
 *   3 id maps, rlimits, oom_score_adj                   v1 cgroups
 *   4 ── release ───────────────────────────────────▶  unshare cgroup ns; steps in order … wait … steps … execve
 *
 * Paths: `hostPath` fields are absolute paths on the host, opened in step 1 with the monitor's rights (also when the
 * container has a user namespace of its own). `path` fields are inside the container's root; they are resolved with
 * openat2(RESOLVE_IN_ROOT) and acted on by descriptor, so a symlink in an image never leads outside, also when it is
 * swapped meanwhile. Before `pivot_root` the root is the prepared root mount; in a plan without a root step (exec) it is
 * the root directory of the joined mount namespace.
 *
 * A mount point that is missing is created by the mount step itself (directories 0755, files 0644, owner 0:0 of the
 * container), as Docker and runc do.
 */

export const planVersion = 2;

/** Wire types of step fields. `path` and `hostPath` are strings; the difference is who resolves them (see above). */
export type FieldType = "u32" | "i64" | "u64" | "bool" | "string" | "path" | "hostPath" | "strings" | "u32s" | "bytes";

interface FieldValues {
  readonly u32: number;
  /** A safe integer. */
  readonly i64: number;
  readonly u64: bigint;
  readonly bool: boolean;
  readonly string: string;
  readonly path: string;
  readonly hostPath: string;
  readonly strings: readonly string[];
  readonly u32s: readonly number[];
  readonly bytes: Uint8Array;
}

export interface StepShape {
  /** Number on the wire; never reused for another meaning. */
  readonly code: number;
  readonly fields: Readonly<Record<string, FieldType>>;
}

/** Of an overlay, whatever becomes of it. */
const overlayFields = {
  lower: "strings",
  upper: "hostPath",
  work: "hostPath",
  options: "strings",
  base: "hostPath",
  data: "string",
  attrSet: "u32",
  target: "path",
  idmapUid: "string",
  idmapGid: "string",
  ownerUid: "u32",
  ownerGid: "u32",
} as const;

/**
 * Every step, its number and its fields in wire order (at most {@link maxFields}).
 *
 * Common fields: `attrSet`/`attrClear` are MOUNT_ATTR_* bits ({@link mountAttr}, mount_setattr(2)) of the top mount,
 * `attrSetTree`/`attrClearTree` the same for the whole tree; `propagation` is one of {@link propagation}, 0 keeps the
 * default (slave: the host's later mounts below appear, the container's never reach the host);
 * `options` are `key=value` or `flag` strings handed to fsconfig(2) one by one.
 */
export const stepTable = {
  /** Propagation of all mounts of the new mount namespace, first step of a container: {@link propagation}. */
  namespace_propagation: { code: 1, fields: { propagation: "u32" } },
  /**
   * Instead: a mount namespace that is a copy of this one, in which there is an empty root alone. With it `mount` is not in
   * {@link Plan.create}, the root is mounted without `target`, and `pivot_root` has nothing to leave: `move`.
   */
  empty_mounts: { code: 7, fields: { namespace: "hostPath" } },
  /**
   * The root is an overlay. `lower`: topmost first, at least one. `upper` and `work` empty: read-only overlay (then at
   * least two lowers). Layers are given to fsconfig(2) one by one, or, unless `data` is empty, that to mount(2), whose
   * relative names are below `base`. `target`: a directory of the host, in the new mount namespace, to mount it on;
   * empty: over /, where no path leads to it. `idmapUid`, `idmapGid`: of the layers, as for `bind` (5.19); then what the
   * overlay makes for itself is `ownerUid`'s and `ownerGid`'s on the disk.
   */
  root_overlay: {
    code: 2,
    fields: overlayFields,
  },
  /** The root is a bind of a host directory with everything mounted below it (OCI bundles). `target` as above. */
  root_bind: { code: 3, fields: { source: "hostPath", attrSet: "u32", target: "path" } },
  /**
   * Make the prepared root the root directory and detach the host's. `move`: mount over / and chroot instead, where there
   * is nothing of the host's to detach (`empty_mounts`), and for machines whose / is the initial ramfs, where pivot_root(2)
   * cannot work (less strict then; `--no-pivot`).
   */
  pivot_root: { code: 4, fields: { move: "bool" } },
  /** mount_setattr on an existing mount inside; path "/" is the root (readonly root: after everything is mounted). */
  mount_attrs: { code: 5, fields: { path: "path", attrSet: "u32", attrClear: "u32", recursive: "bool" } },
  /** Propagation of an existing mount inside; "/" after pivot_root is OCI's rootfsPropagation. */
  mount_propagation: { code: 6, fields: { path: "path", propagation: "u32", recursive: "bool" } },

  /** mkdir -p; `mode` and owner are given to the directories it creates, existing ones stay as they are. */
  mkdir: { code: 10, fields: { path: "path", mode: "u32", uid: "u32", gid: "u32" } },
  /** An empty regular file, parents 0755; an existing file stays as it is. */
  touch: { code: 11, fields: { path: "path", mode: "u32" } },
  /** A symlink `path` -> `target`; an existing link with the same target is fine, anything else there is EEXIST. */
  symlink: { code: 12, fields: { path: "path", target: "string" } },
  /** `mode` with file type bits (S_IFCHR 0o020000, S_IFBLK 0o060000, S_IFIFO 0o010000); an equal existing node is fine. In a user namespace bind the host's node instead. */
  mknod: { code: 13, fields: { path: "path", mode: "u32", major: "u32", minor: "u32", uid: "u32", gid: "u32" } },

  /**
   * A new filesystem. `source` may be empty. `copyUp`: the directory's old contents are copied into the new tmpfs
   * (`tmpcopyup`). A target that resolves to a symlink inside the root is followed inside the root.
   */
  mount: {
    code: 20,
    fields: {
      type: "string",
      source: "string",
      target: "path",
      options: "strings",
      attrSet: "u32",
      propagation: "u32",
      copyUp: "bool",
    },
  },
  /**
   * Bind mount of a host file or directory. `recursive`: with what is mounted below (rbind). `idmapUid`/`idmapGid`: empty,
   * or the text of /proc/PID/uid_map and gid_map for an id-mapped mount (MOUNT_ATTR_IDMAP, 5.12).
   */
  bind: {
    code: 21,
    fields: {
      source: "hostPath",
      target: "path",
      recursive: "bool",
      attrSet: "u32",
      attrClear: "u32",
      attrSetTree: "u32",
      attrClearTree: "u32",
      propagation: "u32",
      idmapUid: "string",
      idmapGid: "string",
    },
  },
  /**
   * What `source` (a path in it, links followed inside) names of an overlay: a directory or a file. The fields before are those
   * of `root_overlay`; `upper` and `work` may be empty, then `lower` needs two directories and the overlay is read-only.
   */
  overlay: {
    code: 25,
    fields: { ...overlayFields, source: "string" },
  },
  /**
   * Hide: files under a bind of /dev/null, directories under an empty read-only tmpfs with `options`; missing paths are
   * skipped.
   */
  mask: { code: 22, fields: { paths: "strings", options: "strings" } },
  /** Read-only bind over itself, the tree below keeps its other flags; missing paths are skipped. */
  readonly_paths: { code: 23, fields: { paths: "strings" } },
  /** SELinux label of what `path` names, for file systems that take none as a mount option. */
  file_label: { code: 24, fields: { path: "path", label: "string" } },

  /** `key` with slashes below /proc/sys ("net/ipv4/ip_forward"); what is written to is verified to be procfs. */
  sysctl: { code: 30, fields: { key: "string", value: "string" } },
  hostname: { code: 31, fields: { name: "string" } },
  domainname: { code: 32, fields: { name: "string" } },
  /** Bring `lo` of the network namespace up. */
  loopback_up: { code: 33, fields: {} },
  /** Write `text`, at once, to a file that is there. */
  write: { code: 34, fields: { path: "path", text: "string" } },

  /** Done by the monitor with prlimit(2). `resource`: RLIMIT_* number; 2^64-1 = infinity. */
  rlimit: { code: 40, fields: { resource: "u32", soft: "u64", hard: "u64" } },
  /** Done by the monitor. -1000 … 1000. */
  oom_score_adj: { code: 41, fields: { value: "i64" } },
  setsid: { code: 42, fields: {} },
  /**
   * Only with LaunchRequest.terminal: a new pty from the devpts mounted at /dev/pts, its slave as stdin, stdout, stderr
   * and (after `setsid`) controlling terminal, owned by `uid`:`gid`. `console`: also bound over /dev/console.
   */
  terminal: { code: 43, fields: { uid: "u32", gid: "u32", console: "bool" } },
  /**
   * keyctl(KEYCTL_JOIN_SESSION_KEYRING); a kernel without keyrings (ENOSYS) is fine. `label`: its SELinux label, "" = the
   * kernel's choice; needs /proc as `lsm_exec_label` does.
   */
  session_keyring: { code: 44, fields: { name: "string", label: "string" } },
  personality: { code: 45, fields: { persona: "u32" } },
  /** sched_setattr(2). */
  scheduler: {
    code: 46,
    fields: {
      policy: "u32",
      flags: "u64",
      nice: "i64",
      priority: "u32",
      runtime: "u64",
      deadline: "u64",
      period: "u64",
    },
  },
  /** ioprio_set(2); `class` 1 realtime, 2 best effort, 3 idle. */
  io_priority: { code: 47, fields: { class: "u32", priority: "u32" } },
  /** sched_setaffinity(2); `mask` little endian, bit n = CPU n, length a multiple of 8. */
  cpu_affinity: { code: 48, fields: { mask: "bytes" } },
  /** set_mempolicy(2); `nodes` as `mask` above. */
  memory_policy: { code: 49, fields: { mode: "u32", nodes: "bytes" } },

  umask: { code: 60, fields: { mask: "u32" } },
  /** Working directory; created (`create`) with this owner when missing, parents too. */
  chdir: { code: 61, fields: { path: "path", create: "bool", uid: "u32", gid: "u32" } },
  /** AppArmor (`lsm` "apparmor") or SELinux ("selinux") label of the coming execve. Needs /proc in the root. */
  lsm_exec_label: { code: 62, fields: { lsm: "string", label: "string" } },
  /** Drop every capability from the bounding set that is not in `keep` (bit n = CAP n); unknown high bits are ignored. */
  bounding_set: { code: 63, fields: { keep: "u64" } },
  /** setgroups(2), exactly these. */
  groups: { code: 64, fields: { gids: "u32s" } },
  /**
   * setresgid and setresuid, keeping permitted capabilities over the change (PR_SET_KEEPCAPS) so that `capabilities`
   * can still choose. `ownStdio`: pipes and the terminal on 0, 1, 2 are given to `uid`, so that /dev/stdout opens.
   */
  user: { code: 65, fields: { uid: "u32", gid: "u32", ownStdio: "bool" } },
  /** capset(2), then the ambient set (PR_CAP_AMBIENT); always after `user`. */
  capabilities: { code: 66, fields: { effective: "u64", permitted: "u64", inheritable: "u64", ambient: "u64" } },
  no_new_privs: { code: 67, fields: {} },
  /**
   * seccomp(SECCOMP_SET_MODE_FILTER): `filter` = struct sock_filter array in native byte order, `flags` =
   * SECCOMP_FILTER_FLAG_*. `listener`: unix socket that gets the notify descriptor (SCM_RIGHTS) with
   * `listenerMessage` (OCI container process state), every byte 1 in it replaced by the process's pid on the host; then
   * `flags` must have NEW_LISTENER. Empty: none.
   */
  seccomp: { code: 68, fields: { flags: "u32", filter: "bytes", listener: "hostPath", listenerMessage: "bytes" } },
  /**
   * Stop here until told to go on. Point 0 is *ready* (once, required in a container's plan): go() continues it.
   * Other points are for hooks: LaunchRequest.onWait is called with the number and the plan goes on when it resolves.
   */
  wait: { code: 69, fields: { point: "u32" } },
  /**
   * The monitor waits here, among what it prepares, until the launcher has said that the control groups are there: whatever
   * needs them comes later. For plans of a LaunchRequest with `makeCgroups`.
   */
  await_cgroups: { code: 72, fields: {} },
  /**
   * Look for the plan's program as execve will, and fail as it would when it is missing or cannot be a program: an OCI
   * runtime tells that at create. After `chdir`.
   */
  find_program: { code: 70, fields: {} },
  /**
   * Run a program of its own to its end, in the namespaces and with the root and rights of this point. `name` is for
   * messages. `state` comes on its stdin, every byte 1 in it replaced by init's pid as init sees it. Output is dropped.
   * `timeout`: seconds, 0 = none. An exit code or a signal fails the step.
   */
  run_hook: {
    code: 71,
    fields: { name: "string", path: "string", argv: "strings", env: "strings", timeout: "u32", state: "bytes" },
  },
} as const satisfies Readonly<Record<string, StepShape>>;

export const maxFields = 16;

export type StepName = keyof typeof stepTable;
type FieldsOf<N extends StepName> = {
  readonly [F in keyof (typeof stepTable)[N]["fields"]]: FieldTypeValue<(typeof stepTable)[N]["fields"][F]>;
};
type FieldTypeValue<T> = T extends FieldType ? FieldValues[T] : never;

/** One step: `op`, its fields, and errnos that count as success (the step is then skipped), e.g. an optional mount. */
export type StepOf<N extends StepName> = { readonly op: N; readonly tolerate?: readonly number[] } & FieldsOf<N>;
export type Step = { [N in StepName]: StepOf<N> }[StepName];

export type NamespaceKind = "mount" | "pid" | "network" | "ipc" | "uts" | "cgroup" | "user" | "time";

/** CLONE_NEW* bits, clone(2); CLONE_NEWTIME only for clone3 and unshare. */
export const namespaceFlag: Readonly<Record<NamespaceKind, number>> = {
  mount: 0x00020000,
  pid: 0x20000000,
  network: 0x40000000,
  ipc: 0x08000000,
  uts: 0x04000000,
  cgroup: 0x02000000,
  user: 0x10000000,
  time: 0x00000080,
};

/** A namespace to enter instead of creating it. With rights over all of them the user namespace is entered last, else first. */
export type Join =
  /** Namespace file, e.g. /run/berth/netns/x or /proc/7/ns/net. */
  | { readonly by: "path"; readonly kind: NamespaceKind; readonly path: string }
  /**
   * All `kinds` of one process at once (setns with a pidfd, 5.8). `startTicks`: field 22 of /proc/pid/stat, guards against
   * a reused pid (ESRCH); 0n = not checked.
   */
  | {
      readonly by: "process";
      readonly kinds: readonly NamespaceKind[];
      readonly pid: number;
      readonly startTicks: bigint;
    };

export interface Plan {
  /** Created with clone, `network` perhaps before (`launchWord` of wire.ts); `cgroup` is unshared by init after it entered its cgroup, so that its root is right. */
  readonly create: readonly NamespaceKind[];
  readonly join: readonly Join[];
  /** The text of /proc/PID/uid_map and gid_map, written by the monitor; only with `user` in `create`, else empty. */
  readonly uidMap: string;
  readonly gidMap: string;
  /** Only with `time` in `create`: offsets of CLOCK_MONOTONIC and CLOCK_BOOTTIME. */
  readonly timeOffsets?: {
    readonly monotonic: { readonly seconds: number; readonly nanoseconds: number };
    readonly boottime: { readonly seconds: number; readonly nanoseconds: number };
  };
  /**
   * Cgroups to enter, which exist once `await_cgroups` is passed or the plan is sent. `directory`: cgroup v2, by CLONE_INTO_CGROUP (5.7), by cgroup.procs when that is refused.
   * `procs`: files (v1 `tasks`, one a hierarchy), opened by the monitor with the host's rights; init writes itself in.
   */
  readonly cgroup: { readonly directory?: string; readonly procs: readonly string[] };
  readonly steps: readonly Step[];
  readonly exec: Exec;
}

/**
 * The final execve. `argv[0]` without a slash is looked up in PATH of `env` (like Docker: directories and files without
 * an x bit do not count as found). Failure: `what` "lookup" with ENOENT when PATH had none, else "execve" with its errno
 * (EISDIR for a directory).
 */
export interface Exec {
  readonly argv: readonly string[];
  /** "KEY=value" */
  readonly env: readonly string[];
}

/** Value of a u32 field that means "leave it". */
export const keep = 0xffffffff;

/** MOUNT_ATTR_*, mount_setattr(2). The atime bits are one three-valued field: clear `atimeMask` when setting one. */
export const mountAttr = {
  readonly: 0x1,
  nosuid: 0x2,
  nodev: 0x4,
  noexec: 0x8,
  relatime: 0x0,
  noatime: 0x10,
  strictatime: 0x20,
  atimeMask: 0x70,
  nodiratime: 0x80,
  nosymfollow: 0x200000,
} as const;

/** Propagation types, always for the whole tree where a step says so; the numbers are MS_*, mount(2). */
export const propagation = {
  keep: 0,
  unbindable: 1 << 17,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
  /** or-ed to one above: the whole tree (rshared, rslave, rprivate, runbindable). */
  recursive: 1 << 14,
} as const;
