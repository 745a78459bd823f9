import { sha256Hex } from "#base/sha256.ts";
import { ensureDirectory, listDirectory, readTextFileMaybe, removeFile, writeFileAtomic } from "#host/files/files.ts";
import { AT_FDCWD, AT_REMOVEDIR } from "#host/kernel/linux.ts";
import { raw } from "#host/kernel/syscalls.ts";
import type { VolumePaths, VolumeSettings } from "../types.ts";

/** A volume that this engine had a plugin make. */
export interface PluginRow extends VolumeSettings {
  readonly name: string;
  readonly driver: string;
}

/**
 * What the engine itself must know of plugins' volumes across restarts: whose they are, and which container has which
 * mounted. A plugin may allow any name, so files are named by its digest.
 */
export class PluginRows {
  readonly #paths: VolumePaths;

  constructor(paths: VolumePaths) {
    this.#paths = paths;
  }

  get(name: string): PluginRow | undefined {
    const text = readTextFileMaybe(this.#file(name), 1 << 20);
    return text === undefined ? undefined : (JSON.parse(text) as PluginRow);
  }

  all(): readonly PluginRow[] {
    return listDirectory(this.#paths.pluginVolumesDir).flatMap((file) => {
      if (!file.endsWith(".json")) return [];
      const text = readTextFileMaybe(`${this.#paths.pluginVolumesDir}/${file}`, 1 << 20);
      return text === undefined ? [] : [JSON.parse(text) as PluginRow];
    });
  }

  put(row: PluginRow): void {
    ensureDirectory(this.#paths.pluginVolumesDir, 0o700);
    writeFileAtomic(this.#file(row.name), JSON.stringify(row), { mode: 0o600 });
  }

  delete(name: string): void {
    removeFile(this.#file(name));
  }

  /** Note that a holder is about to mount; gone after a reboot, as the mount itself. */
  hold(name: string, holder: string): void {
    ensureDirectory(this.#holders(name), 0o700);
    writeFileAtomic(`${this.#holders(name)}/${holder}`, "", { mode: 0o600, durable: false });
  }

  holds(name: string, holder: string): boolean {
    return readTextFileMaybe(`${this.#holders(name)}/${holder}`, 1) !== undefined;
  }

  letGo(name: string, holder: string): void {
    removeFile(`${this.#holders(name)}/${holder}`);
    raw("unlinkat", AT_FDCWD, this.#holders(name), AT_REMOVEDIR);
  }

  #file(name: string): string {
    return `${this.#paths.pluginVolumesDir}/${sha256Hex(name)}.json`;
  }

  #holders(name: string): string {
    return `${this.#paths.volumeHoldersDir}/${sha256Hex(name)}`;
  }
}
