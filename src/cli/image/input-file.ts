import type { CliIo } from "../cli-io.ts";

/** A file that a person names; refused in Go's words before anything is asked of the engine. */
export async function inputFile(io: CliIo, path: string): Promise<AsyncIterable<Uint8Array>> {
  const kind = (await io.paths()).kind(path, true);
  if (kind === undefined) throw new Error(`open ${path}: no such file or directory`);
  if (kind === "directory") throw new Error(`read ${path}: is a directory`);
  return io.readChunks(path);
}
