import { BerthError } from "#base/errors.ts";
import { F_SETFD, SOL_SOCKET } from "../kernel/linux.ts";
import { fcntl, getsockopt } from "../kernel/syscalls.ts";

/** The first descriptor that a service manager hands over. sd_listen_fds(3) */
export const FIRST_INHERITED_FD = 3;

export interface InheritedSocket {
  readonly fd: number;
  /** As the unit names it (FileDescriptorName=), or as our own supervisor does; "" when nobody said. */
  readonly name: string;
}

/** Names of the sockets that our own supervisor hands over, as a JSON list; it cannot know the pid beforehand. */
export const SUPERVISED_SOCKETS = "BERTH_SUPERVISED_SOCKETS";

const FD_CLOEXEC = 1;
const SO_ACCEPTCONN = 30;

/**
 * Listening sockets that this process was started with (sd_listen_fds(3)); none when they are meant for another pid. Each is
 * made close-on-exec. `invalid-parameter` for a descriptor that is no listening socket. Takes the variables out of `env`, so
 * that no child believes them.
 */
export function inheritedSockets(
  env: Record<string, string | undefined>,
  pid = process.pid,
): readonly InheritedSocket[] {
  const { LISTEN_PID, LISTEN_FDS = "0", LISTEN_FDNAMES = "", [SUPERVISED_SOCKETS]: supervised } = env;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", SUPERVISED_SOCKETS]) delete env[name];
  if (supervised !== undefined) return (JSON.parse(supervised) as readonly string[]).map(adopt);
  if (Number(LISTEN_PID) !== pid || !/^\d{1,4}$/.test(LISTEN_FDS)) return [];
  const names = LISTEN_FDNAMES.split(":");
  return Array.from({ length: Number(LISTEN_FDS) }, (_, index) => adopt(names[index] ?? "", index));
}

function adopt(name: string, index: number): InheritedSocket {
  const fd = FIRST_INHERITED_FD + index;
  checkListening(fd);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  return { fd, name };
}

function checkListening(fd: number): void {
  try {
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, 4)[0] === 1) return;
  } catch (cause) {
    throw new BerthError("invalid-parameter", `inherited descriptor ${fd} is no socket`, { cause });
  }
  throw new BerthError("invalid-parameter", `inherited socket ${fd} does not listen: the unit needs ListenStream=`);
}
