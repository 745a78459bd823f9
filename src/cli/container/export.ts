import type { Handler } from "../command.ts";
import { checkOutput } from "../output-file.ts";
import { writeOutput } from "../streams/write-output.ts";

/** `export`: to a file, or to standard output when that is no terminal. */
export const exportContainer: Handler = async ({ flags, args, io, client }) => {
  const [name = ""] = args;
  const output = flags.text("output");
  if (output === "" && io.stdout.isTerminal()) {
    throw new Error("cowardly refusing to save to a terminal. Use the -o flag or redirect");
  }
  if (output !== "") await checkOutput(io, output, "failed to export container");
  const api = await client();
  const body = await api.containers.export(name);
  await writeOutput(io, output, body);
  return 0;
};
