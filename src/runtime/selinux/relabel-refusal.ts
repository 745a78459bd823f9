/** docker-compat: opencontainers/selinux refuses them, as a new label on what is the whole machine's would break it. */
const systemPaths: ReadonlySet<string> = new Set([
  ...["/", "/bin", "/boot", "/dev", "/etc", "/etc/passwd", "/etc/pki", "/etc/shadow", "/home", "/lib", "/lib64"],
  ...["/media", "/opt", "/proc", "/root", "/run", "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var", "/var/lib"],
  "/var/log",
]);

/** Why a path, links in it resolved, is not relabelled (`:z`, `:Z`); undefined when it may be. `homes`: people's own. */
export function relabelRefusal(path: string, homes: readonly string[]): string | undefined {
  const clean = path === "/" ? path : path.replace(/\/$/u, "");
  if (!systemPaths.has(clean) && !homes.includes(clean)) return undefined;
  return `SELinux relabeling of ${clean} is not allowed`;
}
