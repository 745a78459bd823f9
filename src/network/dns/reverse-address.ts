/** The IPv4 address that a name under in-addr.arpa asks for (RFC 1035, section 3.5); undefined for other names. */
export function reverseAddress(name: string): string | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name);
  return parts?.slice(1).toReversed().map(Number).join(".");
}
