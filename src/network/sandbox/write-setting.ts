import { BerthError, messageOf } from "#base/errors.ts";
import { withFd } from "#host/files/files.ts";
import { AT_FDCWD, O_WRONLY } from "#host/kernel/linux.ts";
import { inNamespaces, writeAll } from "#host/kernel/syscalls.ts";
import type { InterfaceSetting } from "../types.ts";

/**
 * Write a setting of the network namespace behind `namespaceFd`. Which namespace a file below /proc/sys/net speaks of is
 * settled when it is opened, so only that is done from inside. `invalid-parameter` for one that is not there, and for a
 * value that it refuses.
 */
export function writeSetting(namespaceFd: number, { path, value }: InterfaceSetting): void {
  try {
    const fd = inNamespaces([namespaceFd], "openat", AT_FDCWD, `/proc/sys/${path}`, O_WRONLY, 0);
    withFd(fd, () => writeAll(fd, new TextEncoder().encode(value)));
  } catch (error) {
    const name = path.replaceAll("/", ".");
    throw new BerthError("invalid-parameter", `cannot set ${name}=${value}: ${messageOf(error)}`, { cause: error });
  }
}
