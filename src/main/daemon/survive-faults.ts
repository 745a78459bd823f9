import type { Log } from "#base/log.ts";

/**
 * From now on an error that nobody caught is logged with its stack and does not end the process: one request's fault must
 * not take every client's streams down, and what an engine must remember is in rows and files, never in memory alone.
 */
export function surviveFaults(log: Log): void {
  const tell = (what: string) => (fault: unknown) => {
    const text = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
    log.error(`fault in the engine: ${what}`, { error: text });
  };
  process.on("unhandledRejection", tell("a promise was rejected and nobody looked"));
  process.on("uncaughtException", tell("an error was thrown and nobody caught it"));
}
