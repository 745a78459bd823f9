import { AF_UNIX } from "../kernel/linux.ts";

/** `struct sockaddr_un` of a path, or of an abstract name, which begins with "@". unix(7) */
export function unixAddress(path: string): Uint8Array {
  const isAbstract = path.startsWith("@");
  const name = new TextEncoder().encode(isAbstract ? `\0${path.slice(1)}` : path);
  // An abstract name ends where the address does; a path with its NUL.
  const address = new Uint8Array(2 + name.length + (isAbstract ? 0 : 1));
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  return address;
}
