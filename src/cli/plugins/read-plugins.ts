import type { CliIo } from "../cli-io.ts";
import type { CommandFamily } from "../command.ts";
import type { CliConfig } from "../config/cli-config.ts";
import { prefersPlugin } from "../config/own-settings.ts";
import type { Plugin } from "./plugin.ts";
import { listPluginFiles } from "./plugin-files.ts";
import { readPlugin } from "./read-plugin.ts";

/** Names of ours that Debian and docker ship plugins for: not a mistake of who installed them. */
const REPLACED: readonly string[] = ["compose"];

/** Every plugin that is installed, also those that cannot be used; those of commands that Berth has itself are left out. */
export async function readPlugins(
  io: Pick<CliIo, "exists" | "listFolder" | "runProgram">,
  config: CliConfig,
  families: readonly CommandFamily[],
): Promise<readonly Plugin[]> {
  const own = new Set(families.flatMap(({ words }) => Object.keys(words)));
  const files = listPluginFiles(io, config).filter(
    ({ name }) => !REPLACED.includes(name) || prefersPlugin(name, config.file),
  );
  return Promise.all(
    files.map(async (file) =>
      own.has(file.name) && !prefersPlugin(file.name, config.file)
        ? { Name: file.name, Path: file.path, Err: `plugin ${JSON.stringify(file.name)} duplicates builtin command` }
        : readPlugin(file, io),
    ),
  );
}
