import { hasCode } from "#host/kernel/errno.ts";
import { readAll, withFd } from "#host/files/files.ts";
import { O_DIRECTORY, O_NONBLOCK, O_PATH, O_RDONLY } from "#host/kernel/linux.ts";
import { openInRoot } from "#host/files/rooted-path.ts";
import { open } from "#host/kernel/syscalls.ts";
import { resolveUser } from "#runtime/user/resolve-user.ts";
import type { Process } from "#spec/oci/runtime.ts";

/** Descriptors 3 … that this process was given by socket activation, and the variables that say so inside. */
export function inheritedSockets(env: Readonly<Record<string, string | undefined>>): {
  readonly count: number;
  readonly env: readonly string[];
} {
  const count = Number(env["LISTEN_FDS"] ?? "0");
  if (!Number.isInteger(count) || count <= 0) return { count: 0, env: [] };
  const names = env["LISTEN_FDNAMES"];
  return {
    count,
    env: [`LISTEN_FDS=${count}`, "LISTEN_PID=1", ...(names === undefined ? [] : [`LISTEN_FDNAMES=${names}`])],
  };
}

const maxPasswdBytes = 4 << 20;

/** With HOME, by the passwd file of the root directory `root`, unless the environment says it. */
export function withHome(process: Process, root: string): Process {
  if ((process.env ?? []).some((entry) => entry.startsWith("HOME=") && entry !== "HOME=")) return process;
  const { home } = resolveUser(String(process.user.uid), [], (path) => readInside(root, path));
  return { ...process, env: [...(process.env ?? []).filter((entry) => entry !== "HOME="), `HOME=${home}`] };
}

function readInside(root: string, path: string): string | undefined {
  return withFd(open(root, O_PATH | O_DIRECTORY), (rootFd) => {
    try {
      const file = openInRoot(rootFd, path, O_RDONLY | O_NONBLOCK);
      return withFd(file, (fd) => new TextDecoder().decode(readAll(fd, maxPasswdBytes, path)));
    } catch (error) {
      if (["ENOENT", "ENOTDIR", "ELOOP", "EISDIR"].some((code) => hasCode(error, code))) return undefined;
      throw error;
    }
  });
}
