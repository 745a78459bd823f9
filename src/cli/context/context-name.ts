import { BerthError } from "#base/errors.ts";
import { DEFAULT_CONTEXT } from "./context-metadata.ts";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$/;

/** `invalid-parameter` for names that docker does not take for a stored context. */
export function checkContextName(name: string): void {
  if (name === "") throw new BerthError("invalid-parameter", "context name cannot be empty");
  if (name === DEFAULT_CONTEXT) throw new BerthError("invalid-parameter", '"default" is a reserved context name');
  if (NAME.test(name)) return;
  throw new BerthError(
    "invalid-parameter",
    `context name ${JSON.stringify(name)} is invalid, names are validated against regexp "${NAME.source}"`,
  );
}
