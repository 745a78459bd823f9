import { BerthError } from "#base/errors.ts";
import type { Project } from "../load/project.ts";
import type { ComposeInvocation } from "./subcommand.ts";

/** Seconds of `--timeout`, undefined when it is not given or the command has none. */
export const timeoutFlag = ({ flags }: ComposeInvocation): number | undefined =>
  flags.has("timeout") && flags.given("timeout") ? flags.number("timeout") : undefined;

/** Tell the person on standard error. */
export function warn({ io }: ComposeInvocation, sentence: string): void {
  io.stderr.write(`level=warning msg=${JSON.stringify(sentence)}\n`);
}

/** `SERVICE=NUMBER` items, of services of the project. */
export function scaleOf(written: readonly string[], { services }: Project): ReadonlyMap<string, number> {
  return new Map(
    written.map((item) => {
      const [name = "", count = ""] = item.split("=");
      if (name === "" || !/^\d+$/u.test(count))
        throw new BerthError(
          "invalid-parameter",
          `invalid --scale option ${JSON.stringify(item)}. Should be SERVICE=NUM`,
        );
      if (!services.has(name)) throw new BerthError("not-found", `no such service: ${name}`);
      return [name, Number(count)];
    }),
  );
}
