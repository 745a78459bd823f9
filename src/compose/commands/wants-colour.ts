import type { ComposeInvocation } from "./subcommand.ts";

/** `--ansi`, else COMPOSE_ANSI, else `auto`: whether there are control sequences. */
export function ansiMode({ global, io }: Pick<ComposeInvocation, "global" | "io">): string {
  if (global.on("no-ansi")) return "never";
  return global.given("ansi") ? global.text("ansi") : io.env["COMPOSE_ANSI"] || "auto";
}

/** Output is coloured on a terminal, or always when that is asked for; never with `--no-color` or NO_COLOR. */
export function wantsColour(invocation: ComposeInvocation): boolean {
  const { flags, io } = invocation;
  if (flags.on("no-color") || io.env["NO_COLOR"]) return false;
  const mode = ansiMode(invocation);
  return mode === "always" || (mode !== "never" && io.stdout.isTerminal());
}
