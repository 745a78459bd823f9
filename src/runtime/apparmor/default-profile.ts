/** The profile of containers that ask for no other. docker-compat: the name is Docker's, people's own profiles refer to it. */
export const defaultProfileName = "docker-default";

/**
 * The text of {@link defaultProfileName} for apparmor_parser(8), in the language of apparmor.d(5): everything that
 * capabilities and namespaces allow, but for writes to what /proc and /sys have beside processes and the container's own
 * settings, mounts, and other people's processes. `engineProfile` is what confines the engine itself, or `unconfined`: it
 * must be able to signal containers. `abstractions`: the distribution's own files of rules are there to be included.
 */
export function defaultProfile(options: { readonly engineProfile: string; readonly abstractions: boolean }): string {
  const { engineProfile, abstractions } = options;
  const peers = [...new Set(["unconfined", engineProfile])];
  const lines = [
    "network,",
    "deny network alg,",
    "capability,",
    "file,",
    "umount,",
    "deny mount,",
    "",
    ...peers.map((peer) => `signal (receive) peer=${quoted(peer)},`),
    `signal (send, receive) peer=${defaultProfileName},`,
    `ptrace (trace, read, tracedby, readby) peer=${defaultProfileName},`,
    "",
    "# Of /proc a container may write to its processes, and to its own System V shared memory's limits.",
    "deny @{PROC}/* w,",
    "deny @{PROC}/[^1-9s]*/** w,",
    "deny @{PROC}/s[^y]*/** w,",
    "deny @{PROC}/sys/[^k]** w,",
    "deny @{PROC}/sys/kernel/[^s]** w,",
    "deny @{PROC}/sys/kernel/s[^h]** w,",
    "deny @{PROC}/sys/kernel/sh[^m]** w,",
    "deny @{PROC}/sysrq-trigger rwklx,",
    "deny @{PROC}/kcore rwklx,",
    "",
    "# Of /sys to its cgroup.",
    "deny /sys/[^f]*/** wklx,",
    "deny /sys/f[^s]*/** wklx,",
    "deny /sys/fs/[^c]*/** wklx,",
    "deny /sys/fs/c[^g]*/** wklx,",
    "deny /sys/fs/cg[^r]*/** wklx,",
    "deny /sys/firmware/** rwklx,",
    "deny /sys/devices/virtual/powercap/** rwklx,",
    "deny /sys/kernel/security/** rwklx,",
  ];
  return [
    abstractions ? "#include <tunables/global>" : "@{PROC}=/proc/",
    "",
    `profile ${defaultProfileName} flags=(attach_disconnected,mediate_deleted) {`,
    ...(abstractions ? ["  #include <abstractions/base>", ""] : []),
    ...lines.map((line) => (line === "" ? "" : `  ${line}`)),
    "}",
    "",
  ].join("\n");
}

/** A profile's name may have blanks and slashes, and quotes around it. */
function quoted(name: string): string {
  return /^[\w.-]+$/u.test(name) ? name : `"${name.replaceAll(/[\\"]/gu, "\\$&")}"`;
}
