import { basename } from "node:path";
import { BerthError } from "#base/errors.ts";

/** What a name becomes that was not given as one: lower case, without what a name may not have. */
export const normalizedName = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^-_a-z0-9]/gu, "")
    .replace(/^[_-]+/u, "");

/** The first that is given: by flag, by COMPOSE_PROJECT_NAME, by the file, by the folder (04-version-and-name.md). */
export function projectName(given: {
  readonly flag: string;
  readonly environment: string | undefined;
  readonly file: string | undefined;
  readonly folder: string;
}): string {
  const explicit = given.flag || given.environment || given.file;
  if (explicit) {
    if (/^[a-z0-9][a-z0-9_-]*$/u.test(explicit)) return explicit;
    throw new BerthError(
      "invalid-parameter",
      `invalid project name ${JSON.stringify(explicit)}: must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number`,
    );
  }
  const name = normalizedName(basename(given.folder));
  if (name === "")
    throw new BerthError("invalid-parameter", "project name must not be empty", {
      hint: "Name it by -p or by name: in the file.",
    });
  return name;
}
