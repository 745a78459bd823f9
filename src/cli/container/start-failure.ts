import { messageOf } from "#base/errors.ts";

/** The exit code of a command whose container did not start: 127 = not found, 126 = cannot be run, 125 = the rest. */
export function startFailureCode(error: unknown): 125 | 126 | 127 {
  const message = messageOf(error).toLowerCase();
  if (message.includes("executable file not found") || message.includes("no such file or directory")) return 127;
  if (message.includes("permission denied") || message.includes("is a directory")) return 126;
  return 125;
}
