import type { CliIo } from "../cli-io.ts";
import { PlainProgress } from "./plain-progress.ts";
import type { BuildProgress, ProgressOptions } from "./progress.ts";
import { RawProgress } from "./raw-progress.ts";
import { TerminalProgress } from "./terminal-progress.ts";

/** By the value of `--progress`. Throws for one that is none. */
export function openProgress(kind: string, io: CliIo, options: ProgressOptions): BuildProgress {
  switch (kind) {
    case "auto":
      return io.stderr.isTerminal() && io.env["TERM"] !== "dumb"
        ? new TerminalProgress(io, options)
        : new PlainProgress(io.stderr, options);
    case "tty":
      return new TerminalProgress(io, options);
    case "plain":
      return new PlainProgress(io.stderr, options);
    case "rawjson":
      return new RawProgress((text) => io.stderr.write(text), Date.now);
    case "quiet":
    case "none":
      return { show() {}, close() {} };
    default:
      throw new Error(`invalid progress mode ${kind}`);
  }
}
