import type { CliIo } from "./cli-io.ts";
import { ExitError, shownMessage } from "./errors.ts";

const AT_ONCE = 50;

/**
 * Does one thing to several containers, images or volumes at once, telling each result in the order they were named: `say` on success, the
 * error on stderr otherwise. Fails with exit code 1 when one failed.
 */
export async function eachOf(
  names: readonly string[],
  io: Pick<CliIo, "stdout" | "stderr">,
  act: (name: string) => Promise<string | undefined>,
): Promise<number> {
  const messages: string[] = [];
  for (let from = 0; from < names.length; from += AT_ONCE) {
    const batch = names.slice(from, from + AT_ONCE).map((name) => act(name));
    for (const result of await Promise.allSettled(batch)) {
      if (result.status === "rejected") messages.push(shownMessage(result.reason));
      else if (result.value !== undefined) io.stdout.write(`${result.value}\n`);
    }
  }
  if (messages.length > 0) throw new ExitError(1, messages.join("\n"));
  return 0;
}
