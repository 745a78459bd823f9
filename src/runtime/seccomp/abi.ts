import type { SeccompArch } from "#spec/oci/runtime.ts";
import { aarch64, arm, i386, x32, x86_64 } from "./syscall-numbers.ts";

/** A system call interface that a process of this machine can use, as seccomp_data shows it. */
export interface Abi {
  readonly arch: SeccompArch;
  /** seccomp_data.arch, AUDIT_ARCH_* of linux/audit.h. */
  readonly auditArch: number;
  readonly numbers: ReadonlyMap<string, number>;
  /** Added to every number: x32 calls are x86_64 calls with bit 30 set. */
  readonly numberBase: number;
  /** 32-bit ABIs never have upper argument halves. */
  readonly wordBits: 32 | 64;
  /** Numbers from here on are the architecture's private ones and do not count as "newer than the profile". */
  readonly privateFrom: number;
  /** Number of socketcall(2) and ipc(2), which multiplex older calls. */
  readonly multiplexed: Readonly<Record<string, { readonly number: number; readonly operation: number }>>;
}

const table = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text.split(",").map((row) => {
      const [name = "", number = ""] = row.split(" ");
      return [name, Number(number)];
    }),
  );

/** socketcall operations, linux/net.h, in the order of their numbers from 1. */
const socketOperations =
  "socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom shutdown setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg";
/** ipc operations, linux/ipc.h. */
const ipcOperations = {
  semop: 1,
  semget: 2,
  semctl: 3,
  semtimedop: 4,
  msgsnd: 11,
  msgrcv: 12,
  msgget: 13,
  msgctl: 14,
  shmat: 21,
  shmdt: 22,
  shmget: 23,
  shmctl: 24,
};

const i386Multiplexed: Abi["multiplexed"] = Object.fromEntries<Abi["multiplexed"][string]>([
  ...socketOperations.split(" ").map((name, index) => [name, { number: 102, operation: index + 1 }] as const),
  ...Object.entries(ipcOperations).map(([name, operation]) => [name, { number: 117, operation }] as const),
]);

const abi = (arch: SeccompArch, auditArch: number, numbers: string, rest: Partial<Abi> = {}): Abi => ({
  arch,
  auditArch,
  numbers: table(numbers),
  numberBase: 0,
  wordBits: 64,
  privateFrom: 2 ** 32,
  multiplexed: {},
  ...rest,
});

export type Machine = "x86_64" | "aarch64";

/** Bit that marks an x32 call, asm/unistd.h. */
export const x32Bit = 0x40000000;

/** The ABIs of a machine, its own first. */
export const abisOf: Readonly<Record<Machine, readonly [Abi, ...Abi[]]>> = {
  x86_64: [
    abi("SCMP_ARCH_X86_64", 0xc000003e, x86_64),
    abi("SCMP_ARCH_X32", 0xc000003e, x32, { numberBase: x32Bit }),
    abi("SCMP_ARCH_X86", 0x40000003, i386, { wordBits: 32, multiplexed: i386Multiplexed }),
  ],
  aarch64: [
    abi("SCMP_ARCH_AARCH64", 0xc00000b7, aarch64),
    abi("SCMP_ARCH_ARM", 0x40000028, arm, { wordBits: 32, privateFrom: 0x0f0000 }),
  ],
};
