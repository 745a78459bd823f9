import { join } from "node:path";
import type { CliIo, FollowedProgram } from "#cli/cli-io.ts";
import type { Invocation } from "#cli/command.ts";
import { findPluginFile } from "#cli/plugins/plugin-files.ts";

/** Programs of this machine that something of a project is left to. */
export interface Programs {
  /** The file of docker's plugin of that name. */
  plugin(name: string): string | undefined;
  /** The same, or a program in PATH. */
  find(name: string): string | undefined;
  /** To its end, with the project's variables and this command's engine in its environment. */
  follow(argv: readonly string[], onLine: (line: string) => void): Promise<FollowedProgram>;
}

export function programsOf(
  { io, config, contextName, defaultEngine }: Pick<Invocation, "io" | "config" | "contextName" | "defaultEngine">,
  environment: ReadonlyMap<string, string>,
): Programs {
  const plugin = (name: string): string | undefined => findPluginFile(name, io, config)?.path;
  const engine = contextName === "default" ? { DOCKER_HOST: defaultEngine.host } : { DOCKER_CONTEXT: contextName };
  const env = { ...Object.fromEntries(environment), ...engine };
  return {
    plugin,
    find: (name) => plugin(name) ?? inPath(name, io),
    async follow(argv, onLine) {
      const ended = await io.followProgram(argv, env, onLine);
      return ended ?? { exitCode: 127, stderr: `${argv[0] ?? ""}: it cannot be executed` };
    },
  };
}

function inPath(name: string, io: Pick<CliIo, "env" | "exists">): string | undefined {
  if (name === "" || name.includes("/")) return undefined;
  return (io.env["PATH"] ?? "")
    .split(":")
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => join(folder, name))
    .find((path) => io.exists(path));
}
