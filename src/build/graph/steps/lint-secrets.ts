import type { Linter } from "../../dockerfile/lint/linter.ts";
import type { StageInstruction } from "../../dockerfile/types.ts";

const SECRET = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const HARMLESS = /(?:_|^)(?:public|file|version)(?:_|$)/i;

/** SecretsUsedInArgOrEnv, by the words of a variable's name. */
export function lintSecretName(instruction: "ARG" | "ENV", key: string, place: StageInstruction, linter: Linter): void {
  if (SECRET.test(key) && !HARMLESS.test(key)) linter.report("secretsUsedInArgOrEnv", place, [instruction, key]);
}
