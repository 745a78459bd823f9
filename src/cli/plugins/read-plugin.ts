import { messageOf } from "#base/errors.ts";
import type { CliIo } from "../cli-io.ts";
import type { Plugin, PluginFile } from "./plugin.ts";

const SCHEMA_VERSION = "0.1.0";

/** Asks the file what it is. Never throws: what is wrong with it is the plugin's `Err`. */
export async function readPlugin({ name, path }: PluginFile, io: Pick<CliIo, "runProgram">): Promise<Plugin> {
  const plugin = { Name: name, Path: path };
  try {
    const answer = await io.runProgram([path, "docker-cli-plugin-metadata"], "");
    if (answer === undefined) return { ...plugin, Err: "failed to fetch metadata: it cannot be executed" };
    if (answer.exitCode !== 0)
      return { ...plugin, Err: `failed to fetch metadata: exit status ${String(answer.exitCode)}` };
    const told = { ...(JSON.parse(answer.stdout) as Partial<Plugin>), ...plugin };
    const Err = mistakeOf(told);
    return Err === undefined ? told : { ...told, Err };
  } catch (error) {
    return { ...plugin, Err: `invalid metadata: ${messageOf(error)}` };
  }
}

function mistakeOf({ SchemaVersion = "", Vendor = "" }: Plugin): string | undefined {
  if (SchemaVersion !== SCHEMA_VERSION)
    return `plugin SchemaVersion ${JSON.stringify(SchemaVersion)} is not valid, must be ${SCHEMA_VERSION}`;
  return Vendor === "" ? "plugin metadata does not define a vendor" : undefined;
}
