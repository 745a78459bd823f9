import { BerthError } from "#base/errors.ts";
import type { Handler } from "../command.ts";
import { completionScript, SHELLS, type Shell } from "./scripts.ts";

/** `completion SHELL`: the script on standard output. */
export const printScript: Handler = async ({ io, args }) => {
  const [name = ""] = args;
  if (!isShell(name)) {
    throw new BerthError("invalid-parameter", `there is no completion for ${JSON.stringify(name)}`, {
      hint: `It is one of ${SHELLS.join(", ")}.`,
    });
  }
  io.stdout.write(completionScript(name, io.programName));
  return 0;
};

function isShell(name: string): name is Shell {
  return SHELLS.some((shell) => shell === name);
}
