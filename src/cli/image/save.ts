import type { Handler } from "../command.ts";
import { checkOutput } from "../output-file.ts";
import { platformJson } from "./platform-json.ts";
import { writeOutput } from "../streams/write-output.ts";

/** `save`: images as one archive, to a file or to standard output when that is no terminal. */
export const save: Handler = async ({ flags, args, io, client }) => {
  const output = flags.text("output");
  if (output === "" && io.stdout.isTerminal()) {
    throw new Error("cowardly refusing to save to a terminal. Use the -o flag or redirect");
  }
  if (output !== "") await checkOutput(io, output, "failed to save image");
  const platforms = flags.list("platform").map(platformJson);
  const api = await client();
  const body = await api.images.save(args, { platforms });
  await writeOutput(io, output, body);
  return 0;
};
