import { randomHex } from "#base/ids.ts";
import { type Log, silentLog } from "#base/log.ts";
import { removeTree } from "#host/tree/remove-tree.ts";
import type { RegistryContext } from "../context.ts";
import { openRegistryDatabase } from "../database/open-registry-database.ts";
import { openRegistry } from "../open-registry.ts";
import { defaultSettings, type RegistrySettings } from "../settings.ts";
import { FileDriver } from "../storage/file-driver.ts";

/** A registry in a folder of its own, with a clock that can be moved. */
export function openTestRegistry(
  settings: Partial<RegistrySettings> = {},
  log: Log = silentLog,
): { readonly context: RegistryContext; readonly root: string; advance(ms: number): void; close(): Promise<void> } {
  const root = `${process.env["TMPDIR"] ?? "/tmp"}/berth-registry-${randomHex(8)}`;
  const database = openRegistryDatabase(":memory:");
  let ahead = 0;
  const context = openRegistry({
    database,
    storage: new FileDriver(root),
    settings: { ...defaultSettings, ...settings },
    log,
    now: () => Date.now() + ahead,
  });
  return {
    context,
    root,
    advance: (ms) => {
      ahead += ms;
    },
    async close() {
      database.close();
      await removeTree(root);
    },
  };
}
