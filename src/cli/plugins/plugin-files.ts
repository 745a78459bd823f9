import type { CliIo } from "../cli-io.ts";
import type { CliConfig } from "../config/cli-config.ts";
import type { PluginFile } from "./plugin.ts";

/** Docker's own, last. */
const SYSTEM_FOLDERS = [
  "/usr/local/lib/docker/cli-plugins",
  "/usr/local/libexec/docker/cli-plugins",
  "/usr/lib/docker/cli-plugins",
  "/usr/libexec/docker/cli-plugins",
];
const FILE_NAME = /^docker-([a-z][a-z0-9]*)$/;

type Io = Pick<CliIo, "exists" | "listFolder">;

/** The file that would be the plugin of that name. */
export function findPluginFile(name: string, io: Io, config: CliConfig): PluginFile | undefined {
  if (!FILE_NAME.test(`docker-${name}`)) return undefined;
  const path = foldersOf(config)
    .map((folder) => `${folder}/docker-${name}`)
    .find((candidate) => io.exists(candidate));
  return path === undefined ? undefined : { name, path };
}

/** Every plugin's file in the order of names; of several with one name the first folder's. */
export function listPluginFiles(io: Io, config: CliConfig): readonly PluginFile[] {
  const files = new Map<string, PluginFile>();
  for (const folder of foldersOf(config)) {
    for (const file of io.listFolder(folder)) {
      const name = FILE_NAME.exec(file)?.[1];
      if (name !== undefined && !files.has(name)) files.set(name, { name, path: `${folder}/${file}` });
    }
  }
  return [...files.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function foldersOf({ file, directory }: CliConfig): readonly string[] {
  return [...(file.cliPluginsExtraDirs ?? []), `${directory}/cli-plugins`, ...SYSTEM_FOLDERS];
}
