import { readFile } from "#host/files.ts";
import { hasCode } from "#host/errno.ts";
import { parseState, stateBytes, type ShimState } from "./state.ts";

/** The final state the shim left in `directory`, undefined when it left none. */
export function readStatus(directory: string): ShimState | undefined {
  try {
    return parseState(readFile(`${directory}/status`, stateBytes));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
