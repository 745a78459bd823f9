import { extractPackages } from "./extracted-packages.ts";

/** Debian's sshd, unpacked into the cache. */
export function opensshServerDir(): Promise<string> {
  return extractPackages("openssh-server", ["openssh-server", "libwrap0"]);
}
