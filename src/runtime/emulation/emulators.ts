import { BerthError } from "#base/errors.ts";
import { handlerFor, handlerRegistration, isKnownArchitecture, type BinfmtHandler } from "#host/processes/binfmt.ts";
import { emulatorNames, type EmulatorProgram } from "#host/processes/emulator-program.ts";
import { kernelAtLeast, type KernelVersion } from "#host/facts/runtime-facts.ts";
import type { UserNamespace } from "#runtime/docker/types.ts";
import { formatPlatform, platformRank, type Platform } from "#spec/oci/platform.ts";

/** What a container of another architecture needs beside its own: handlers in its user namespace. */
export interface Emulation {
  /** Lines for binfmt_misc's `register`. */
  readonly registrations: readonly string[];
}

export interface EmulatorsDeps {
  readonly host: Platform;
  readonly kernel: KernelVersion;
  /** Handlers of the whole machine. */
  readonly handlers: () => readonly BinfmtHandler[];
  /** Can this kernel have handlers at all? */
  readonly hasBinfmt: () => boolean;
  /** Paths by architecture that a person has set. */
  readonly configured: Readonly<Record<string, string>>;
  readonly find: (architecture: string, path: string | undefined) => EmulatorProgram | undefined;
}

type Way =
  | { readonly how: "machine" }
  | { readonly how: "emulated"; readonly emulation: Emulation }
  | { readonly how: "none"; readonly why: string; readonly install: string };

/** Architectures whose 32-bit relative the machine's own kernel runs. */
const RELATIVES: Readonly<Record<string, string>> = { amd64: "386", arm64: "arm" };

/** All ids of the host, as they are: what belongs to whom does not change. */
export const sameIds: UserNamespace = {
  uid: [{ containerID: 0, hostID: 0, size: 0xffff_ffff }],
  gid: [{ containerID: 0, hostID: 0, size: 0xffff_ffff }],
  sameIds: true,
};

/**
 * How programs of other architectures are run: by the machine's own handlers (binfmt_misc with the flag F, since a
 * container's root has no interpreter), else, from Linux 6.7 on, by handlers of the container's user namespace alone, with a
 * static interpreter of the machine. What there is is looked at anew each time.
 */
export class Emulators {
  readonly #deps: EmulatorsDeps;

  constructor(deps: EmulatorsDeps) {
    this.#deps = deps;
  }

  /** Undefined when the machine runs them by itself. `invalid-parameter` that says what to do when nothing can. */
  require(platform: Platform): Emulation | undefined {
    const { host } = this.#deps;
    if (platform.os !== host.os)
      throw new BerthError("invalid-parameter", `commands for ${formatPlatform(platform)} cannot run on ${host.os}`);
    const way = this.#way(platform);
    if (way.how !== "none") return way.how === "machine" ? undefined : way.emulation;
    throw new BerthError("invalid-parameter", `cannot run a command for ${formatPlatform(platform)} here: ${way.why}`, {
      hint: `${way.install}, or run the command in a stage FROM --platform=$BUILDPLATFORM.`,
    });
  }

  /** As {@link require}, undefined also when nothing can: an image may hold programs of the machine all the same. */
  offer(platform: Platform): Emulation | undefined {
    const way = platform.os === this.#deps.host.os ? this.#way(platform) : undefined;
    return way?.how === "emulated" ? way.emulation : undefined;
  }

  /** What to do so that programs of a platform run here; undefined when they do. */
  advice(platform: Platform): string | undefined {
    const way = platform.os === this.#deps.host.os ? this.#way(platform) : undefined;
    return way?.how === "none"
      ? `The image is for ${formatPlatform(platform)}: ${way.why}. ${way.install}.`
      : undefined;
  }

  #way(platform: Platform): Way {
    const { host, kernel, configured } = this.#deps;
    const { architecture } = platform;
    if (architecture === host.architecture || RELATIVES[host.architecture] === architecture) return { how: "machine" };
    if (platformRank(host, platform) !== undefined) return { how: "machine" };
    const handler = handlerFor(this.#deps.handlers(), architecture);
    if (handler?.isFixed === true) return { how: "machine" };
    const none = (why: string, install: string): Way => ({ how: "none", why, install });
    if (!isKnownArchitecture(architecture)) return none("its programs are not known", "Use another platform");
    const unfit =
      handler === undefined
        ? "no handler for its programs is registered"
        : `the handler ${handler.name} needs ${handler.interpreter} in every root: it lacks the flag F`;
    if (!kernelAtLeast(kernel, 6, 7))
      return none(unfit, "Install qemu-user-static and binfmt-support on the engine's machine");
    if (!this.#deps.hasBinfmt()) return none("the kernel has no binfmt_misc", "Use a kernel with CONFIG_BINFMT_MISC");
    const program = this.#program(architecture);
    const [name] = emulatorNames(architecture);
    const install = `Install qemu-user-static on the engine's machine (or set --emulator ${architecture}=PATH)`;
    if (program === undefined)
      return none(`${unfit}, and ${configured[architecture] ?? name} is not there to emulate them`, install);
    if (!program.isStatic) return none(`${unfit}, and ${program.path} is not linked statically`, install);
    // Machines of some architectures run programs of their relative too.
    const relative = RELATIVES[architecture];
    const other = relative === undefined ? undefined : this.#program(relative);
    const registrations = [
      handlerRegistration(architecture, program.path),
      ...(relative === undefined || other?.isStatic !== true ? [] : [handlerRegistration(relative, other.path)]),
    ];
    return { how: "emulated", emulation: { registrations } };
  }

  #program(architecture: string): EmulatorProgram | undefined {
    return this.#deps.find(architecture, this.#deps.configured[architecture]);
  }
}

/** Refuse what needs rights over the host's own namespaces, which a user namespace does not give. */
export function refuseEmulated(what: string, platform: Platform): BerthError {
  return new BerthError(
    "invalid-parameter",
    `${what} is not possible for ${formatPlatform(platform)}: its programs are emulated in a user namespace`,
    {
      hint: "Install qemu-user-static and binfmt-support on the engine's machine: its own handlers need no user namespace.",
    },
  );
}
