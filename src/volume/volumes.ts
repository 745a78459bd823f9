import { KeyedMutex } from "#base/async.ts";
import { BerthError, isBerthError } from "#base/errors.ts";
import { copyUp, type CopyUpRequest } from "./copy-up.ts";
import type { LocalVolumes } from "./local-volumes.ts";
import type { PluginVolumes } from "./plugins/plugin-volumes.ts";
import type { ShareMounts } from "./share-mounts.ts";
import type { NewVolume, VolumeInfo, VolumePaths, VolumeSettings } from "./types.ts";

export interface NamedVolumesDeps {
  readonly local: LocalVolumes;
  readonly plugins: PluginVolumes;
  readonly shares: ShareMounts;
  readonly paths: Pick<VolumePaths, "tmpDir">;
}

/** All volumes by name, whichever driver has them: a name is never in two drivers. */
export class NamedVolumes {
  readonly #deps: NamedVolumesDeps;
  readonly #names = new KeyedMutex();

  constructor(deps: NamedVolumesDeps) {
    this.#deps = deps;
  }

  /** Names of the drivers in use. */
  get drivers(): readonly string[] {
    return [...this.#deps.plugins.drivers, "local"].toSorted();
  }

  /**
   * Create or find; one that is there keeps its settings. `driver` "": whichever has it, else `local`.
   *
   * Errors in Docker's words: `invalid-parameter` for a name or an option, `not-found` for a plugin, `conflict` for a name
   * that another driver has, and what a plugin says.
   */
  ensure(name: string, driver: string, settings: VolumeSettings): Promise<NewVolume> {
    return this.#names.run(name, async () => {
      const { local, plugins } = this.#deps;
      const holder = local.has(name) ? "local" : plugins.driverOf(name);
      if (driver !== "" && holder !== undefined && holder !== driver) {
        const why = `driver '${holder}' already has volume '${name}': volume name must be unique`;
        throw new BerthError("conflict", `create ${name}: ${why}`);
      }
      const chosen = holder ?? (driver === "" ? "local" : driver);
      if (chosen === "local") return local.ensure(name, settings);
      try {
        const there = holder === undefined ? undefined : await plugins.find(name);
        if (there !== undefined) return { path: there.path, driver: chosen, created: false };
        return { path: await plugins.create(name, chosen, settings), driver: chosen, created: true };
      } catch (error) {
        throw prefixed(`create ${name}: `, error);
      }
    });
  }

  async find(name: string): Promise<VolumeInfo | undefined> {
    try {
      return this.#deps.local.find(name) ?? (await this.#deps.plugins.find(name));
    } catch (error) {
      throw prefixed(`get ${name}: `, error);
    }
  }

  /** Every volume, by name. `warnings` name the drivers that did not answer. */
  async list(): Promise<{ readonly volumes: readonly VolumeInfo[]; readonly warnings: readonly string[] }> {
    const local = this.#deps.local.list();
    const known = new Set(local.map(({ name }) => name));
    const { volumes, warnings } = await this.#deps.plugins.list();
    const all = [...local, ...volumes.filter(({ name }) => !known.has(name))];
    return { volumes: all.toSorted((a, b) => (a.name < b.name ? -1 : 1)), warnings };
  }

  /** Those of the `local` driver, whose files this engine keeps itself. */
  listLocal(): readonly VolumeInfo[] {
    return this.#deps.local.list();
  }

  /** Bytes of the files in a local volume; 0 when it is gone. */
  sizeBytes(name: string): Promise<number> {
    return this.#deps.local.sizeBytes(name);
  }

  /** With everything in it. No error when it is gone; what a plugin says otherwise. */
  remove(name: string): Promise<void> {
    return this.#names.run(name, async () => {
      if (this.#deps.local.has(name)) return this.#deps.local.remove(name);
      try {
        const found = await this.#deps.plugins.find(name);
        if (found !== undefined) await this.#deps.plugins.remove(name, found.driver);
      } catch (error) {
        throw prefixed(`remove ${name}: `, error);
      }
    });
  }

  /** Of a local volume that is there. */
  setLocked(name: string, locked: boolean): void {
    this.#deps.local.setLocked(name, locked);
  }

  /** Make a volume's files be at the path that is given back, for `holder` (a container's id). */
  mount(name: string, driver: string, holder: string): Promise<string> {
    return driver === "local" ? this.#deps.local.mount(name) : this.#deps.plugins.mount(name, driver, holder);
  }

  /** Undo {@link mount}. Of a local volume the caller knows that nobody else uses it. Nothing happens without a mount. */
  async unmount(name: string, driver: string, holder: string): Promise<void> {
    if (driver === "local") await this.#deps.local.unmount(name);
    else await this.#deps.plugins.unmount(name, driver, holder);
  }

  /** Fill an empty volume, which is mounted, with a directory of an image's layers. */
  async copyUp({ name, ...request }: CopyUpRequest & { readonly name: string }): Promise<void> {
    const scratch = `${this.#deps.paths.tmpDir}/copy-up`;
    if (this.#deps.local.isShare(name)) await this.#deps.shares.copyUp(request, `${scratch}-share`);
    else copyUp(request, scratch);
  }

  close(): void {
    this.#deps.plugins.close();
  }
}

function prefixed(prefix: string, error: unknown): unknown {
  if (!isBerthError(error) || error.message.startsWith(prefix)) return error;
  return new BerthError(error.kind, `${prefix}${error.message}`, { cause: error, details: error.details });
}
