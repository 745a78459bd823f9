import type { Handler } from "../command.ts";

/** `context show`: the name in use, whether there is such a context or not. */
export const showContext: Handler = async ({ io, contextName }) => {
  io.stdout.write(`${contextName}\n`);
  return 0;
};
