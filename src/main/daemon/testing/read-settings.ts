import { parseFlags } from "#cli/flags/parse-flags.ts";
import { daemonCommand } from "../daemon-command.ts";
import { daemonSettings, type DaemonSettings } from "../daemon-settings.ts";

/** The settings that these arguments and this daemon.json make; `file` undefined: there is none. */
export function readSettings(
  argv: readonly string[],
  file?: string | object,
  env: Readonly<Record<string, string>> = {},
): DaemonSettings {
  const { flags } = parseFlags(argv, daemonCommand.flags, { interspersed: true });
  const text = typeof file === "object" ? JSON.stringify(file) : file;
  return daemonSettings(flags, {
    readFile: (path) => (path === "/etc/berth/daemon.json" ? text : undefined),
    env,
    homeDirectory: "/root",
  });
}

/** The sentence with which they are refused, without the file's name in front. */
export function refusal(
  argv: readonly string[],
  file?: string | object,
  env?: Readonly<Record<string, string>>,
): string {
  try {
    readSettings(argv, file, env);
  } catch (error) {
    return (error as Error).message.replace(
      "unable to configure the Docker daemon with file /etc/berth/daemon.json: ",
      "file: ",
    );
  }
  return "accepted";
}
