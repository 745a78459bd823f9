import type { CliIo } from "../cli-io.ts";

/** Asks on standard output and reads one line: only `y` is a yes. */
export async function confirmed(io: CliIo, question: string): Promise<boolean> {
  io.stdout.write(`${question}\nAre you sure you want to continue? [y/N] `);
  let line = "";
  while (!line.includes("\n")) {
    const bytes = await io.stdin.read();
    if (bytes === undefined) break;
    line += Buffer.from(bytes).toString("utf8");
  }
  return (line.split("\n")[0] ?? "").trim().toLowerCase() === "y";
}
