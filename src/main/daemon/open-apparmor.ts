import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { exists, readTextFileMaybe } from "#host/files/files.ts";
import { runCommand } from "#host/processes/process.ts";
import type { RuntimeFacts } from "#host/facts/runtime-facts.ts";
import { ProfileLoader } from "#runtime/apparmor/profile-loader.ts";

/** The profile of containers on this machine: nothing to do where the kernel has no AppArmor. */
export interface ContainerProfile {
  /** At start, as this engine has it, so that no container waits for it. What goes wrong is logged; who needs the profile will say it again. */
  prepare(): Promise<void>;
  /** Before a container with the profile starts. `unavailable` when it cannot be loaded. */
  ensure(): Promise<void>;
}

const parserTimeoutMs = 30_000;

export function openContainerProfile(facts: RuntimeFacts, log: Log): ContainerProfile {
  const { apparmor, apparmorParser: parser } = facts;
  if (parser === undefined) {
    const missing = "AppArmor is on, but apparmor_parser is not installed: containers have no profile";
    return {
      prepare: async () => (apparmor ? log.warn(missing) : undefined),
      ensure: async () => undefined,
    };
  }
  const loader = new ProfileLoader({
    parser,
    read: (path) => readTextFileMaybe(path, 1 << 20),
    exists,
    async run(file, args, input) {
      const { exitCode, stderr } = await runCommand({
        file,
        args,
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
        input: Buffer.from(input),
        timeoutMs: parserTimeoutMs,
      });
      return { exitCode, stderr: Buffer.from(stderr).toString() };
    },
  });
  return {
    prepare: () => loader.replace().catch((error: unknown) => log.error(messageOf(error))),
    ensure: () => loader.ensure(),
  };
}
