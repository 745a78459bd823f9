import type { Handler } from "../command.ts";
import { platformJson } from "./platform-json.ts";
import { inputFile } from "./input-file.ts";
import { showProgress } from "./progress.ts";
import { stdinBytes } from "./stdin-bytes.ts";

/** `load`: images of an archive, from a file or standard input. Progress is shown on a terminal only. */
export const load: Handler = async ({ flags, io, client }) => {
  const input = flags.text("input");
  if (input === "" && io.stdin.isTerminal()) throw new Error("requested load from stdin, but stdin is empty");
  const platforms = flags.list("platform").map(platformJson);
  const archive = input === "" ? stdinBytes(io.stdin) : await inputFile(io, input);
  const api = await client();
  const messages = await api.images.load(archive, {
    quiet: flags.on("quiet") || !io.stdout.isTerminal(),
    platforms,
  });
  await showProgress(messages, io.stdout);
  return 0;
};
