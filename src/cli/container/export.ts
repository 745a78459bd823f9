import type { Handler } from "../command.ts";
import { checkOutput } from "../output-file.ts";

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
