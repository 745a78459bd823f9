import { byteString, type ByteString } from "#spec/tar/byte-string.ts";
import type { TarEntry } from "#spec/tar/tar-reader.ts";
import { fdPath, fgetxattr, flistxattr, getxattr, listxattr } from "../kernel/syscalls.ts";

/** Through the descriptor's own path, which works for every type and follows nothing further. */
export function attributesOf(fd: number): TarEntry["xattrs"] {
  const path = fdPath(fd);
  return portable(listxattr(path), (name) => getxattr(path, name));
}

function portable(
  names: readonly Uint8Array[],
  valueOf: (name: Uint8Array) => Uint8Array | undefined,
): TarEntry["xattrs"] {
  let found: Map<ByteString, Uint8Array> | undefined;
  for (const name of names) {
    const key = byteString(name);
    if (!isPortable(key)) continue;
    const value = valueOf(name);
    if (value !== undefined) (found ??= new Map()).set(key, value);
  }
  return found;
}

/** {@link attributesOf} of a file that is open for reading. */
export function attributesOfOpen(fd: number): TarEntry["xattrs"] {
  let found: Map<ByteString, Uint8Array> | undefined;
  for (const name of flistxattr(fd)) {
    const key = byteString(name);
    if (!isPortable(key)) continue;
    const value = fgetxattr(fd, name);
    if (value !== undefined) (found ??= new Map()).set(key, value);
  }
  return found;
}

/** What describes the file itself, not this machine's policy or mounts. */
function isPortable(key: ByteString): boolean {
  if (key.startsWith("trusted.overlay.") || key.startsWith("user.overlay.")) return false;
  return /^(user|trusted)\.|^security\.capability$|^system\.posix_acl_/.test(key);
}
