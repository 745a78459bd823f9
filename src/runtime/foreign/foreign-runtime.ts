/** An OCI runtime that is a program of its own, as a person registered it. */
export interface ForeignRuntime {
  /** A file, or a name to be looked for in {@link programPath}. */
  readonly path: string;
  /** Before everything else on its command line. */
  readonly args: readonly string[];
  /** Directory of its records of containers (`--root`); it makes what is missing. */
  readonly stateDir: string;
}

/** Where bare names of runtimes, and of what they start themselves, are looked for. */
export const programPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What lies in a launch directory for a foreign runtime; that of a container is the bundle (OCI bundle.md). */
export const launchFile = {
  config: "config.json",
  rootfs: "rootfs",
  process: "process.json",
  pid: "pid",
  log: "runtime.log",
  /** Made by the shim, native/shim/adopt.c. */
  console: "console.sock",
} as const;

/** A command line as containerd's shims give it, which runc, crun and their like have in common. `log`: file for errors. */
export function runtimeCommand(
  runtime: ForeignRuntime,
  log: string,
  ...command: readonly string[]
): readonly [program: string, ...args: string[]] {
  const { path, args, stateDir } = runtime;
  return [path, ...args, "--root", stateDir, "--log", log, "--log-format", "json", ...command];
}
