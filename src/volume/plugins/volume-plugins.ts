import { SingleFlight } from "#base/async.ts";
import { BerthError, messageOf } from "#base/errors.ts";
import { findPlugin, pluginNames, type PluginDirectories } from "./discover.ts";
import { PluginClient } from "./plugin-client.ts";
import { VolumePlugin, type PluginTimeouts } from "./volume-plugin.ts";

export interface VolumePluginsDeps {
  readonly directories: PluginDirectories;
  readonly timeouts: PluginTimeouts;
}

/**
 * The volume plugins of this machine, activated when they are first asked for. A plugin that was activated keeps its
 * name: when it comes back at the same place it is used again, without a second activation.
 */
export class VolumePlugins {
  readonly #deps: VolumePluginsDeps;
  readonly #active = new Map<string, VolumePlugin>();
  readonly #activating = new SingleFlight<VolumePlugin>();

  constructor(deps: VolumePluginsDeps) {
    this.#deps = deps;
  }

  /** Those in use, by name. */
  get active(): ReadonlyMap<string, VolumePlugin> {
    return this.#active;
  }

  /** `not-found` in Docker's words when there is no such plugin, or it is none for volumes. */
  async get(name: string): Promise<VolumePlugin> {
    return this.#active.get(name) ?? this.#activating.run(name, () => this.#activate(name));
  }

  /** Activate all that announce themselves; what does not answer, or is no volume driver, is left out. */
  async discover(): Promise<void> {
    const unknown = pluginNames(this.#deps.directories).filter((name) => !this.#active.has(name));
    await Promise.all(unknown.map((name) => this.get(name).catch(() => undefined)));
  }

  close(): void {
    for (const plugin of this.#active.values()) plugin.close();
  }

  async #activate(name: string): Promise<VolumePlugin> {
    const missing = (why: string, cause?: unknown): BerthError =>
      new BerthError("not-found", `error looking up volume plugin ${name}: ${why}`, { cause });
    const address = findPlugin(this.#deps.directories, name);
    if (address === undefined) throw missing(`plugin "${name}" not found`);
    const client = new PluginClient(address);
    try {
      const { Implements } = await client.call("Plugin.Activate", {}, this.#deps.timeouts.shortMs);
      if (!Array.isArray(Implements) || !Implements.includes("VolumeDriver"))
        throw new BerthError("not-found", "plugin does not implement the requested driver");
    } catch (error) {
      client.close();
      throw missing(`legacy plugin: ${messageOf(error)}`, error);
    }
    const plugin = new VolumePlugin(client, this.#deps.timeouts);
    this.#active.set(name, plugin);
    return plugin;
  }
}
