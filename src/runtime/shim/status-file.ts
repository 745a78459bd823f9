import { readFile } from "#host/files/files.ts";
import { parseState, stateBytes, type ShimState } from "./state.ts";

/**
 * The final state the shim left in `directory`, undefined when it left none that can be read: who asks has nobody else to ask,
 * and must not wait. A shim renames it into its place but does not wait for the disk: one that is too short is of a machine
 * that went down, and its processes with it.
 */
export function readStatus(directory: string): ShimState | undefined {
  try {
    const bytes = readFile(`${directory}/status`, stateBytes);
    return bytes.length < stateBytes ? undefined : parseState(bytes);
  } catch {
    return undefined;
  }
}
