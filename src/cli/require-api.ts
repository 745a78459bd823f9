import { compareVersions } from "#client/api-version.ts";
import type { Command, Invocation } from "./command.ts";
import { ExitError } from "./errors.ts";
import type { FlagValues } from "./flags/flag-values.ts";

/** Refuses a command, or flags of it that were given, when the version spoken with the engine does not have them. */
export async function requireApi(
  command: Command,
  flags: FlagValues,
  commandPath: string,
  { client }: Pick<Invocation, "client">,
): Promise<void> {
  const flagsGiven = command.flags.flatMap(({ name, sinceApi }) =>
    sinceApi !== undefined && flags.given(name) ? [{ what: `"--${name}"`, since: sinceApi }] : [],
  );
  // A command that is missing is told alone.
  const wanted = command.sinceApi === undefined ? flagsGiven : [{ what: commandPath, since: command.sinceApi }];
  if (wanted.length === 0) return;
  const spoken = await (await client()).transport.version();
  const missing = wanted
    .filter(({ since }) => compareVersions(spoken, since) < 0)
    .map(({ what, since }) => `${what} requires API version ${since}, but the Docker daemon API version is ${spoken}`);
  if (missing.length > 0) throw new ExitError(1, missing.join("\n"));
}
