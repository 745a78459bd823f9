import { SUPERVISED_SOCKETS } from "../sockets/inherited-sockets.ts";

export interface SupervisedChild {
  readonly pid: number;
  signal(name: `SIG${string}`): void;
  /** How it ended; never rejects. */
  readonly ended: Promise<{ readonly code: number } | { readonly signal: string }>;
}

/**
 * This program again with the same arguments and the same standard streams, and `sockets` as its descriptors from 3 on; the
 * child finds them with `inheritedSockets`.
 */
export function startAgain(sockets: readonly { readonly fd: number; readonly name: string }[]): SupervisedChild {
  const entry = process.argv[1] ?? "";
  const args = process.argv.slice(entry.startsWith("/$bunfs/") ? 2 : 1);
  const child = Bun.spawn([process.execPath, ...args], {
    argv0: process.argv0,
    env: { ...process.env, [SUPERVISED_SOCKETS]: JSON.stringify(sockets.map(({ name }) => name)) },
    stdio: ["inherit", "inherit", "inherit", ...sockets.map(({ fd }) => fd)],
  });
  return {
    pid: child.pid,
    signal: (name) => child.kill(name as NodeJS.Signals),
    ended: child.exited.then((code) => (child.signalCode === null ? { code } : { signal: String(child.signalCode) })),
  };
}

/** This process was started by {@link startAgain}. */
export function isSupervised(env: Readonly<Record<string, string | undefined>>): boolean {
  return env[SUPERVISED_SOCKETS] !== undefined;
}
