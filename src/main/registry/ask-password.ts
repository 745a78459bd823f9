import { BerthError } from "#base/errors.ts";
import type { Invocation } from "#cli/command.ts";

const MOST_BYTES = 4096;

/** A new password: from standard input with `--password-stdin`, else typed without being shown. */
export async function askPassword({ io, flags }: Invocation): Promise<string> {
  const isPiped = flags.on("password-stdin");
  if (!isPiped && !io.stdin.isTerminal()) {
    throw new BerthError("invalid-parameter", "there is no terminal to ask for a password", {
      hint: "Use --password-stdin.",
    });
  }
  if (!isPiped) io.stderr.write("Password: ");
  const restore = isPiped ? () => undefined : io.stdin.hideEcho();
  try {
    let bytes = new Uint8Array();
    while (bytes.length < MOST_BYTES && !bytes.includes(10)) {
      const chunk = await io.stdin.read();
      if (chunk === undefined) break;
      bytes = Buffer.concat([bytes, chunk]);
    }
    return new TextDecoder().decode(bytes).replace(/\r?\n[^]*$/, "");
  } finally {
    restore();
    if (!isPiped) io.stderr.write("\n");
  }
}
