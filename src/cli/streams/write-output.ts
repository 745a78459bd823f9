import type { CliIo } from "../cli-io.ts";

/** To the file `output`, which appears under its name when it is whole, or to standard output when that is empty. */
export async function writeOutput(io: CliIo, output: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  if (output === "") {
    for await (const chunk of body) io.stdout.write(chunk);
    return;
  }
  const file = await io.createFile(output);
  try {
    for await (const chunk of body) await file.write(chunk);
    await file.commit();
  } finally {
    await file.close();
  }
}
