import type { CliIo, SignalName } from "../cli-io.ts";

/** Signals that docker passes on; those about this process's own terminal, children and pipes are not. */
const FORWARDED: readonly SignalName[] = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGCONT",
  "SIGTSTP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGXCPU",
  "SIGXFSZ",
  "SIGVTALRM",
  "SIGPROF",
  "SIGIO",
  "SIGPWR",
];

/** Sends every catchable signal that this process gets to `kill` instead of acting on it. The result stops that. */
export function forwardSignals(io: CliIo, kill: (signal: string) => Promise<void>): () => void {
  const stops = FORWARDED.map((signal) =>
    io.onSignal(signal, () => {
      kill(signal.slice("SIG".length)).catch(() => undefined); // it may have ended meanwhile
    }),
  );
  return () => {
    for (const stop of stops) stop();
  };
}
