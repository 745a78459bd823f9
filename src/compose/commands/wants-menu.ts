import type { ComposeInvocation } from "./subcommand.ts";
import { isInForeground } from "./key-menu.ts";
import { ansiMode } from "./wants-colour.ts";

/** `--menu`, else COMPOSE_MENU, else yes; only before a person who sees it and whose keys reach it. */
export function wantsMenu(invocation: ComposeInvocation): boolean {
  const { flags, io } = invocation;
  const asked = flags.given("menu")
    ? flags.on("menu")
    : !/^(?:0|f|false|n|no|off)$/iu.test(io.env["COMPOSE_MENU"] ?? "");
  return (
    asked &&
    io.stdin.isTerminal() &&
    io.stdout.isTerminal() &&
    ansiMode(invocation) !== "never" &&
    io.env["TERM"] !== "dumb" &&
    isInForeground(io)
  );
}
