import type { Handler } from "../command.ts";
import { DEFAULT_CONTEXT } from "./context-metadata.ts";
import { contextStore } from "./contexts.ts";

/** `context use`: kept in config.json as `currentContext`; `default` takes the property away. */
export const useContext: Handler = async (invocation) => {
  const { io, args, config } = invocation;
  const [name = ""] = args;
  if (name !== DEFAULT_CONTEXT) contextStore(invocation).read(name);
  const wanted = name === DEFAULT_CONTEXT ? undefined : name;
  if (config.file.currentContext !== wanted) config.update({ currentContext: wanted });
  io.stdout.write(`${name}\n`);
  io.stderr.write(`Current context is now ${JSON.stringify(name)}\n`);
  const variable = ["BERTH_HOST", "DOCKER_HOST"].find((each) => Boolean(io.env[each]));
  if (wanted !== undefined && variable !== undefined) {
    io.stderr.write(
      `Warning: ${variable} environment variable overrides the active context. To use ${JSON.stringify(name)}, either set the global --context flag, or unset ${variable} environment variable.\n`,
    );
  }
  return 0;
};
