import { timestampParameter } from "#cli/format/timestamp.ts";
import type { LogsOptions } from "#client/containers-api.ts";
import type { ComposeInvocation } from "./subcommand.ts";

/** What the flags want of a log, in the API's words. */
export function logFlags({ flags, io }: ComposeInvocation): Required<Pick<LogsOptions, "since" | "until" | "tail">> {
  const now = io.now();
  return {
    since: timestampParameter(flags.text("since"), now, "since"),
    until: timestampParameter(flags.text("until"), now, "until"),
    tail: flags.text("tail"),
  };
}
