import type { CliInput } from "../cli-io.ts";

/** What comes on standard input, to its end. */
export async function* stdinBytes(stdin: CliInput): AsyncIterable<Uint8Array> {
  for (let chunk = await stdin.read(); chunk !== undefined; chunk = await stdin.read()) yield chunk;
}
