import { dirname } from "node:path/posix";
import type { CliIo } from "../cli-io.ts";
import type { Handler } from "../command.ts";

/** `export`: to a file, or to standard output when that is no terminal. */
export const exportContainer: Handler = async ({ flags, args, io, client }) => {
  const [name = ""] = args;
  const output = flags.text("output");
  if (output === "" && io.stdout.isTerminal()) {
    throw new Error("cowardly refusing to save to a terminal. Use the -o flag or redirect");
  }
  if (output !== "") await checkOutput(io, output);
  const api = await client();
  const body = await api.containers.export(name);
  if (output === "") {
    for await (const chunk of body) io.stdout.write(chunk);
    return 0;
  }
  const file = await io.createFile(output);
  try {
    for await (const chunk of body) await file.write(chunk);
    await file.commit();
  } finally {
    await file.close();
  }
  return 0;
};

async function checkOutput(io: CliIo, path: string): Promise<void> {
  const trees = await io.trees();
  const folder = dirname(path);
  const fail = (why: string): Error => new Error(`failed to export container: invalid output path: ${why}`);
  if (folder !== "." && trees.kind(folder, true) === undefined) {
    throw fail(`stat ${folder}: no such file or directory`);
  }
  const kind = trees.kind(path, true);
  if (kind === "directory") throw fail(`${JSON.stringify(path)} must be a regular file`);
  if (kind === "device") throw fail(`${JSON.stringify(path)} must be a directory or a regular file: got a device`);
}
