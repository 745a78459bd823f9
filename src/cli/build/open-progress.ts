import type { CliIo } from "../cli-io.ts";
import type { BuildProgress, ProgressOptions } from "./progress.ts";

/** By the value of `--progress`. Throws for one that is none. */
export async function openProgress(kind: string, io: CliIo, options: ProgressOptions): Promise<BuildProgress> {
  const isSeen = (): boolean => io.stderr.isTerminal() && io.env["TERM"] !== "dumb";
  switch (kind === "auto" ? (isSeen() ? "tty" : "plain") : kind) {
    case "tty":
      return new (await import("./terminal-progress.ts")).TerminalProgress(io, options);
    case "plain":
      return new (await import("./plain-progress.ts")).PlainProgress(io.stderr, options);
    case "rawjson":
      return new (await import("./raw-progress.ts")).RawProgress((text) => io.stderr.write(text), Date.now);
    case "quiet":
    case "none":
      return { show() {}, close() {} };
    default:
      throw new Error(`invalid progress mode ${kind}`);
  }
}
