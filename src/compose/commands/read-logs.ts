import { timestampParameter } from "#cli/format/timestamp.ts";
import type { ObservedContainer } from "../engine/observe.ts";
import type { ComposeInvocation } from "./subcommand.ts";

/** What a container has written, as the flags ask; with `since` only what came from that moment on. */
export async function logsOf(
  { flags, io, client }: ComposeInvocation,
  { id }: ObservedContainer,
  { timestamps, since = flags.text("since") }: { readonly timestamps: boolean; readonly since?: string },
): Promise<AsyncIterable<Uint8Array>> {
  const now = io.now();
  return (await client()).containers.logs(id, {
    stdout: true,
    stderr: true,
    follow: flags.on("follow"),
    timestamps,
    since: timestampParameter(since, now, "since"),
    until: timestampParameter(flags.text("until"), now, "until"),
    tail: flags.text("tail"),
  });
}

/** Its output is one stream then. */
export async function hasTerminal({ client }: ComposeInvocation, { id }: ObservedContainer): Promise<boolean> {
  return (await (await client()).containers.inspect(id)).Config.Tty ?? false;
}
