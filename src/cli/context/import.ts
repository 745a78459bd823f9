import { BerthError } from "#base/errors.ts";
import type { Handler } from "../command.ts";
import { inputFile } from "../image/input-file.ts";
import { stdinBytes } from "../image/stdin-bytes.ts";
import { decodeContext } from "./context-archive.ts";
import { checkContextName } from "./context-name.ts";
import { contextStore } from "./contexts.ts";

/** `context import`: a tar or zip file that docker or Berth exported, or `-`. */
export const importContext: Handler = async (invocation) => {
  const { io, args } = invocation;
  const [name = "", path = ""] = args;
  checkContextName(name);
  const store = contextStore(invocation);
  if (store.exists(name)) throw new BerthError("conflict", `context ${JSON.stringify(name)} already exists`);
  const { metadata, tls } = await decodeContext(path === "-" ? stdinBytes(io.stdin) : await inputFile(io, path));
  store.write({ ...metadata, Name: name });
  store.replaceTls(name, tls);
  io.stdout.write(`${name}\n`);
  io.stderr.write(`Successfully imported context ${JSON.stringify(name)}\n`);
  return 0;
};
