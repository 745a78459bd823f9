import type { Handler } from "../command.ts";
import { inputFile } from "./input-file.ts";
import { showProgress } from "./progress.ts";
import { stdinBytes } from "./stdin-bytes.ts";

/** `import`: an image of a root file system, from a file, a URL that the engine fetches, or standard input. */
export const importImage: Handler = async ({ flags, args, io, client }) => {
  const [source = "", repository = ""] = args;
  const isUrl = /^https?:\/\//.test(source);
  const archive = isUrl ? undefined : source === "-" ? stdinBytes(io.stdin) : await inputFile(io, source);
  const api = await client();
  const messages = await api.images.import({
    source: isUrl ? source : "-",
    archive,
    repository,
    message: flags.text("message"),
    changes: flags.list("change"),
    platform: flags.text("platform"),
  });
  await showProgress(messages, io.stdout);
  return 0;
};
