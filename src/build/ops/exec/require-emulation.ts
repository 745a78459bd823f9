import { BerthError } from "#base/errors.ts";
import { handlerFor, type BinfmtHandler } from "#host/binfmt.ts";
import { formatPlatform, platformRank, type Platform } from "#spec/oci/platform.ts";

/** Architectures whose 32-bit relative the machine's own kernel runs. */
const RELATIVES: Readonly<Record<string, string>> = { amd64: "386", arm64: "arm" };

/**
 * Refuse a command that this machine cannot run: programs of another architecture need a handler of the kernel's binfmt_misc
 * whose interpreter is open already (flag F), because the step's root has none. `invalid-parameter` that says what to do.
 */
export function requireEmulation(platform: Platform, host: Platform, handlers: () => readonly BinfmtHandler[]): void {
  if (platform.os !== host.os)
    throw new BerthError("invalid-parameter", `commands for ${formatPlatform(platform)} cannot run on ${host.os}`);
  if (platform.architecture === host.architecture || RELATIVES[host.architecture] === platform.architecture) return;
  if (platformRank(host, platform) !== undefined) return;
  const handler = handlerFor(handlers(), platform.architecture);
  if (handler?.isFixed === true) return;
  const why =
    handler === undefined
      ? "no handler for its programs is registered"
      : `the handler ${handler.name} needs ${handler.interpreter} in every root: it lacks the flag F`;
  throw new BerthError("invalid-parameter", `cannot run a command for ${formatPlatform(platform)} here: ${why}`, {
    hint: "Install qemu-user-static and binfmt-support on the engine's machine, or run the command in a stage FROM --platform=$BUILDPLATFORM.",
  });
}
