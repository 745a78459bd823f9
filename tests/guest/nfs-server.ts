import { mkdirSync, writeFileSync } from "node:fs";
import { mustRun } from "../../tools/lab/command.ts";

/** Far away, in Unix seconds. */
const NEVER = 4_000_000_000;
/** Bits of linux/nfsd/export.h: insecure ports, no root squashing, asynchronous, without a check of subtrees, by number. */
const FLAGS = 0x0002 | 0x0010 | 0x0400 | 0x2000;

/**
 * The kernel's own NFS server, version 4, without its programs: what they would answer when the kernel asks who may have what
 * is told to it beforehand, by the channels of its caches (linux/Documentation/filesystems/nfs/rpc-cache.rst). `directory` is the
 * root of what it serves on this machine's loopback.
 */
export async function startNfsServer(directory: string): Promise<void> {
  await mustRun(["modprobe", "-a", "nfsd", "nfs", "nfsv4"]);
  // Where it notes its clients; without it nobody is served for a minute and a half, until all could have come back.
  mkdirSync("/var/lib/nfs/v4recovery", { recursive: true });
  await mustRun(["sh", "-c", "grep -q ' /proc/fs/nfsd ' /proc/mounts || mount -t nfsd nfsd /proc/fs/nfsd"]);
  control("versions", "-2 -3 +4 +4.1 +4.2");
  resumeNfsServer(directory);
}

/** Nobody is answered from now on; connections are closed, and the caches forgotten. */
export function stopNfsServer(): void {
  control("threads", "0");
}

export function resumeNfsServer(directory: string): void {
  tell("auth.unix.ip", `nfsd 127.0.0.1 ${NEVER} guest`);
  tell("nfsd.export", `guest ${directory} ${NEVER} ${FLAGS} 65534 65534 0`);
  tell("nfsd.fh", `guest 1 \\x00000000 ${NEVER} ${directory}`);
  control("portlist", "tcp 2049");
  control("threads", "4");
  // No client of before has anything to claim.
  control("v4_end_grace", "Y");
}

const tell = (cache: string, line: string): void => writeFileSync(`/proc/net/rpc/${cache}/channel`, `${line}\n`);
const control = (file: string, text: string): void => writeFileSync(`/proc/fs/nfsd/${file}`, `${text}\n`);
