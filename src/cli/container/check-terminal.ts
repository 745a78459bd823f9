import { BerthError } from "#base/errors.ts";
import type { CliIo } from "../cli-io.ts";

/** A container with a terminal cannot take its input from a pipe: its end could not be told from typed text. */
export function checkTerminal(io: CliIo, attachStdin: boolean, tty: boolean): void {
  if (attachStdin && tty && !io.stdin.isTerminal()) {
    throw new BerthError("invalid-parameter", "the input device is not a TTY");
  }
}
