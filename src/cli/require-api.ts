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
  const wanted: { readonly what: string; readonly since: string }[] = [];
  // A command that is missing is told alone.
  if (command.sinceApi !== undefined) wanted.push({ what: commandPath, since: command.sinceApi });
  else
    for (const { name, sinceApi } of command.flags)
      if (sinceApi !== undefined && flags.given(name)) wanted.push({ what: `"--${name}"`, since: sinceApi });
  if (wanted.length === 0) return;
  const spoken = await (await client()).transport.version();
  const missing = wanted
    .filter(({ since }) => compareVersions(spoken, since) < 0)
    .map(({ what, since }) => `${what} requires API version ${since}, but the Docker daemon API version is ${spoken}`);
  if (missing.length > 0) throw new ExitError(1, missing.join("\n"));
}
