import { BerthError, messageOf } from "#base/errors.ts";
import { defaultProfile, defaultProfileName } from "./default-profile.ts";

export interface ProfileLoaderDeps {
  /** Of apparmor_parser(8). */
  readonly parser: string;
  /** A file's text; undefined when it is not there or may not be read. */
  readonly read: (path: string) => string | undefined;
  readonly exists: (path: string) => boolean;
  /** Run a program to its end, with `input` on its standard input. */
  readonly run: (
    file: string,
    args: readonly string[],
    input: string,
  ) => Promise<{ readonly exitCode: number | undefined; readonly stderr: string }>;
}

const loadedProfiles = "/sys/kernel/security/apparmor/profiles";

/**
 * Sees to it that the kernel knows the profile of containers. It belongs to the machine: engines share it, whichever
 * loaded it, and it stays until the machine goes down or somebody unloads it.
 */
export class ProfileLoader {
  readonly #deps: ProfileLoaderDeps;
  #loading: Promise<void> | undefined;

  constructor(deps: ProfileLoaderDeps) {
    this.#deps = deps;
  }

  /** Load it unless it is there. `unavailable` with the parser's own words. */
  async ensure(): Promise<void> {
    const loaded = this.#deps.read(loadedProfiles) ?? "";
    if (!loaded.split("\n").some((line) => line.startsWith(`${defaultProfileName} (`))) await this.replace();
  }

  /**
   * Load it in any case: the one that is there may be of an older engine. Containers that run have the new rules at once.
   * `unavailable` as above.
   */
  async replace(): Promise<void> {
    this.#loading ??= this.#load().finally(() => (this.#loading = undefined));
    await this.#loading;
  }

  async #load(): Promise<void> {
    const { parser, read, exists, run } = this.#deps;
    const text = defaultProfile({
      // apparmor(7): `NAME (MODE)`, or `unconfined` alone.
      engineProfile: (read("/proc/self/attr/current") ?? "").replace(/\s*(\(\w+\))?\s*\0?$/u, "") || "unconfined",
      abstractions: ["tunables/global", "abstractions/base"].every((name) => exists(`/etc/apparmor.d/${name}`)),
    });
    const failed = (why: string, cause?: unknown): BerthError =>
      new BerthError(
        "unavailable",
        `AppArmor is on, but its profile ${defaultProfileName} could not be loaded: ${why}`,
        {
          hint: "Start containers with --security-opt apparmor=unconfined, or mend what the parser complains of.",
          cause,
        },
      );
    const { exitCode, stderr } = await run(parser, ["--replace", "--skip-cache"], text).catch((error: unknown) => {
      throw failed(messageOf(error), error);
    });
    if (exitCode !== 0) throw failed(stderr.trim());
  }
}
