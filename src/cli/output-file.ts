import { dirname } from "node:path/posix";
import type { CliIo } from "./cli-io.ts";

/** Refuses a path where no file can be written, before anything is asked of the engine; `what` begins the message. */
export async function checkOutput(io: CliIo, path: string, what: string): Promise<void> {
  const trees = await io.trees();
  const folder = dirname(path);
  const fail = (why: string): Error => new Error(`${what}: invalid output path: ${why}`);
  if (folder !== "." && trees.kind(folder, true) === undefined) {
    throw fail(`stat ${folder}: no such file or directory`);
  }
  const kind = trees.kind(path, true);
  if (kind === "directory") throw fail(`${JSON.stringify(path)} must be a regular file`);
  if (kind === "device") throw fail(`${JSON.stringify(path)} must be a directory or a regular file: got a device`);
}
