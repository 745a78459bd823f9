import type { Handler } from "../command.ts";
import { CopyProgress } from "../copy/copy-progress.ts";
import { checkOutput } from "../output-file.ts";
import { platformJson } from "./platform-json.ts";
import { writeOutput } from "../streams/write-output.ts";

/** `save`: images as one archive, to a file, with a count of its bytes on a terminal, or to standard output when that is none. */
export const save: Handler = async ({ flags, args, io, client }) => {
  const output = flags.text("output");
  if (output === "" && io.stdout.isTerminal()) {
    throw new Error("cowardly refusing to save to a terminal. Use the -o flag or redirect");
  }
  if (output !== "") await checkOutput(io, output, "failed to save image");
  const platforms = flags.list("platform").map(platformJson);
  const api = await client();
  const body = await api.images.save(args, { platforms });
  const progress = output === "" ? undefined : new CopyProgress(io.stderr, `Saving to ${output} - `, io.now());
  try {
    await writeOutput(io, output, progress === undefined ? body : progress.counted(body, io));
  } finally {
    progress?.end();
  }
  return 0;
};
