import { constants } from "node:os";

/** Signals about this process itself are not passed on: faults, its own children, pipes and stops. */
const kept = new Set([
  ...["SIGKILL", "SIGSTOP", "SIGCHLD", "SIGPIPE", "SIGURG", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP"],
  ...["SIGABRT", "SIGIOT", "SIGSYS", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGPROF", "SIGVTALRM", "SIGALRM", "SIGPOLL"],
]);

/** Call `handler` with the number of every signal that can be passed on to another process, until the result is called. */
export function onPassableSignals(handler: (signal: number) => void): () => void {
  const stops = Object.entries(constants.signals)
    .filter(([name]) => !kept.has(name))
    .map(([name, number]) => {
      const listener = (): void => handler(number);
      process.on(name, listener);
      return () => process.off(name, listener);
    });
  return () => {
    for (const stop of stops) stop();
  };
}
