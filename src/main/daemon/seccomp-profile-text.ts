import { BerthError, messageOf } from "#base/errors.ts";
import { readTextFileMaybe } from "#host/files/files.ts";
import { parseProfile } from "#runtime/seccomp/parse-profile.ts";

const MAX_BYTES = 4 << 20;

/** The default profile of containers: its text, or one of Docker's two words. `invalid-parameter` naming the file. */
export function seccompProfileText(setting: string): string {
  if (setting === "builtin" || setting === "unconfined") return setting;
  const text = readTextFileMaybe(setting, MAX_BYTES);
  const fail = (why: string, cause?: unknown): BerthError =>
    new BerthError("invalid-parameter", `opening seccomp profile (${setting}) failed: ${why}`, { cause });
  if (text === undefined) throw fail(`open ${setting}: no such file or directory`);
  try {
    parseProfile(text);
  } catch (cause) {
    throw fail(messageOf(cause), cause);
  }
  return text;
}
