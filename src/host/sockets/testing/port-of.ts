import { getsockname } from "../../kernel/syscalls.ts";

/** Of a TCP socket: the real one, also when 0 was asked for. */
export function portOf(fd: number): number {
  return new DataView(getsockname(fd).buffer).getUint16(2);
}
