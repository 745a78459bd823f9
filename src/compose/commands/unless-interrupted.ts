import type { CliIo } from "#cli/cli-io.ts";
import { ExitError } from "#cli/errors.ts";

/** Exit code of a program ended by SIGINT. */
export const interrupted = 130;

/** The end of a command that was interrupted, in docker compose's words. */
export const canceled = (): ExitError => new ExitError(interrupted, "canceled");

/**
 * Work that an interrupt ends at once, with {@link interrupted}. What the engine does for it meanwhile is finished there, or
 * given up with the connection; every step of it is one that the next run finds and goes on from.
 */
export async function unlessInterrupted<T>(io: Pick<CliIo, "onSignal">, work: () => Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = ["SIGINT", "SIGTERM"].map((signal) => io.onSignal(signal as "SIGINT", () => reject(canceled())));
  try {
    return await Promise.race([work(), promise]);
  } finally {
    for (const each of stop) each();
  }
}
