import { BerthError } from "#base/errors.ts";
import type { Handler } from "../command.ts";
import { encodeContext } from "./context-archive.ts";
import { DEFAULT_CONTEXT } from "./context-metadata.ts";
import { checkContextName } from "./context-name.ts";
import { loadContext } from "./contexts.ts";

/** `context export`: to NAME.dockercontext, to a file that is not there yet, or to standard output. */
export const exportContext: Handler = async (invocation) => {
  const { io, args } = invocation;
  const [name = "", target = `${name}.dockercontext`] = args;
  if (name !== DEFAULT_CONTEXT) checkContextName(name);
  const archive = encodeContext(loadContext(name, invocation));
  if (target === "-") {
    if (io.stdout.isTerminal())
      throw new BerthError("invalid-parameter", "cowardly refusing to export to a terminal, specify a file path");
    io.stdout.write(archive);
    return 0;
  }
  if (io.exists(target)) throw new BerthError("already-exists", `open ${target}: file exists`);
  const folder = target.includes("/") ? target.slice(0, target.lastIndexOf("/")) : "";
  if (folder !== "" && !io.exists(folder))
    throw new BerthError("invalid-parameter", `open ${target}: no such file or directory`);
  io.writeFile(target, archive, 0o600);
  io.stderr.write(`Written file ${JSON.stringify(target)}\n`);
  return 0;
};
