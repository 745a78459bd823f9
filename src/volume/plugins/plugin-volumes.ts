import { messageOf } from "#base/errors.ts";
import type { VolumeInfo, VolumeSettings } from "../types.ts";
import type { PluginRow, PluginRows } from "./plugin-rows.ts";
import type { PluginVolume, VolumePlugin } from "./volume-plugin.ts";
import type { VolumePlugins } from "./volume-plugins.ts";

/**
 * Volumes of plugins: those this engine had made, which it goes on knowing while their plugin is away, and those that a
 * plugin knows besides.
 */
export class PluginVolumes {
  readonly #plugins: VolumePlugins;
  readonly #rows: PluginRows;

  constructor(deps: { readonly plugins: VolumePlugins; readonly rows: PluginRows }) {
    this.#plugins = deps.plugins;
    this.#rows = deps.rows;
  }

  /** Names of the drivers in use. */
  get drivers(): readonly string[] {
    return [...this.#plugins.active.keys()].toSorted();
  }

  /** Which driver has a volume of this name: by what was noted, without a word to a plugin. */
  driverOf(name: string): string | undefined {
    return this.#rows.get(name)?.driver;
  }

  /** The note comes first: a plugin may have made what an engine that was killed never heard of. */
  async create(name: string, driver: string, settings: VolumeSettings): Promise<string> {
    const plugin = await this.#plugins.get(driver);
    this.#rows.put({ name, driver, ...settings });
    try {
      const there = await plugin.get(name);
      if (there === undefined) await plugin.create(name, settings.options);
      return there?.path ?? "";
    } catch (error) {
      this.#rows.delete(name);
      throw error;
    }
  }

  /**
   * One by name; undefined when no plugin has it. What this engine had made is asked of its plugin, whose failure to answer
   * rejects; for another every plugin is asked.
   */
  async find(name: string): Promise<VolumeInfo | undefined> {
    const row = this.#rows.get(name);
    if (row !== undefined) {
      const plugin = await this.#plugins.get(row.driver);
      const told = await plugin.get(name);
      // Somebody had the plugin remove it.
      if (told === undefined) this.#rows.delete(name);
      return told === undefined ? undefined : infoOf(row.driver, plugin, told, row);
    }
    await this.#plugins.discover();
    for (const [driver, plugin] of this.#plugins.active) {
      const told = await plugin.get(name).catch(() => undefined);
      if (told !== undefined) return infoOf(driver, plugin, told, undefined);
    }
    return undefined;
  }

  /** All that is known; a plugin that does not answer costs a warning, and its volumes are those that were noted. */
  async list(): Promise<{ readonly volumes: readonly VolumeInfo[]; readonly warnings: readonly string[] }> {
    await this.#plugins.discover();
    const rows = new Map(this.#rows.all().map((row) => [row.name, row]));
    const volumes = new Map<string, VolumeInfo>();
    const warnings: string[] = [];
    const answers = await Promise.all(
      [...this.#plugins.active].map(async ([driver, plugin]) => {
        try {
          return await Promise.all(
            (await plugin.list()).map((told) => infoOf(driver, plugin, told, rows.get(told.name))),
          );
        } catch (error) {
          warnings.push(`error while listing volumes of driver "${driver}": ${messageOf(error)}`);
          return undefined;
        }
      }),
    );
    for (const info of answers.flatMap((answer) => answer ?? [])) volumes.set(info.name, info);
    const answered = new Set([...this.#plugins.active.keys()].filter((_, index) => answers[index] !== undefined));
    for (const row of rows.values()) {
      if (volumes.has(row.name) || answered.has(row.driver)) continue;
      volumes.set(row.name, { ...row, path: "", createdAtNs: 0n, scope: "local", locked: false });
    }
    return { volumes: [...volumes.values()], warnings };
  }

  async remove(name: string, driver: string): Promise<void> {
    await (await this.#plugins.get(driver)).remove(name);
    this.#rows.delete(name);
  }

  /**
   * Where a volume's files are, mounted by its plugin for `holder` (a container's id) until {@link unmount}. Holding twice
   * is one mount.
   */
  async mount(name: string, driver: string, holder: string): Promise<string> {
    const plugin = await this.#plugins.get(driver);
    this.#rows.hold(name, holder);
    try {
      return await plugin.mount(name, holder);
    } catch (error) {
      this.#rows.letGo(name, holder);
      throw error;
    }
  }

  /** Nothing happens for one who holds nothing. The note stays when the plugin fails, so that it is told again. */
  async unmount(name: string, driver: string, holder: string): Promise<void> {
    if (!this.#rows.holds(name, holder)) return;
    await (await this.#plugins.get(driver)).unmount(name, holder);
    this.#rows.letGo(name, holder);
  }

  close(): void {
    this.#plugins.close();
  }
}

async function infoOf(
  driver: string,
  plugin: VolumePlugin,
  told: PluginVolume,
  row: PluginRow | undefined,
): Promise<VolumeInfo> {
  const { labels = {}, options = {} } = row?.driver === driver ? row : {};
  return { ...told, driver, labels, options, scope: await plugin.scope(), locked: false };
}
