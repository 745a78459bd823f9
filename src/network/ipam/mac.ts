/** docker-compat: 02:42 and the four bytes of the address, so that a reused address never meets a stale neighbour entry. */
export function macOfAddress(address: Uint8Array): string {
  return [0x02, 0x42, ...address].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}
