import type { CliIo } from "../cli-io.ts";
import type { EngineChoice } from "../config/engine-choice.ts";
import type { PluginFile } from "./plugin.ts";

/**
 * Runs a plugin with the whole command line and resolves to its exit code. A plugin is one of docker's and reads docker's
 * variables: the engine that we would talk to by default is named to it in DOCKER_HOST.
 */
export async function runPlugin(
  { path }: PluginFile,
  argv: readonly string[],
  engine: { readonly contextName: string; readonly defaultEngine: EngineChoice },
  io: CliIo,
): Promise<number> {
  const host = engine.contextName === "default" ? { DOCKER_HOST: engine.defaultEngine.host } : {};
  return io.runAttached([path, ...argv], {
    ...io.env,
    ...host,
    DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND: io.programName,
  });
}
