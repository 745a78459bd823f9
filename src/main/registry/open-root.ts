import { BerthError } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { ensureDirectory } from "#host/files/files.ts";
import { LOCK_EX, LOCK_NB, O_CLOEXEC, O_CREAT, O_RDWR } from "#host/kernel/linux.ts";
import { close, flock, open } from "#host/kernel/syscalls.ts";
import type { RegistryContext } from "#registry/context.ts";
import { openRegistryDatabase } from "#registry/database/open-registry-database.ts";
import { auditEvents } from "#registry/administration/audit.ts";
import { openRegistry } from "#registry/open-registry.ts";
import type { RegistrySettings } from "#registry/settings.ts";

import { openStorage, type StoragePlace } from "./open-storage.ts";

export interface OpenedRegistry {
  readonly context: RegistryContext;
  close(): void;
}

/**
 * The registry in the folder `root`, for one program at a time:
 *
 *   ROOT/lock           held while it is open
 *   ROOT/registry.db    repositories, manifests, tags
 *   ROOT/…              blobs and uploads, see `storage/file-driver.ts`
 *
 * `conflict` when another program has it.
 */
export function openRoot(
  root: string,
  deps: {
    readonly settings: RegistrySettings;
    readonly log: Log;
    /** Where its blobs are to be; wherever they are when undefined. */
    readonly storage?: StoragePlace;
    readonly env: Readonly<Record<string, string | undefined>>;
  },
): OpenedRegistry {
  const { settings, log } = deps;
  ensureDirectory(root, 0o700);
  const lock = open(`${root}/lock`, O_RDWR | O_CREAT | O_CLOEXEC, 0o600);
  try {
    if (!flock(lock, LOCK_EX | LOCK_NB)) {
      throw new BerthError("conflict", `another program serves the registry in ${root}`, {
        hint: "Stop it, or give this one its own --root.",
      });
    }
    const database = openRegistryDatabase(`${root}/registry.db`);
    const storage = openStorage(root, database, deps.storage, deps.env);
    const context = openRegistry({ database, storage, settings, log, now: () => Date.now() });
    auditEvents(context);
    return {
      context,
      close() {
        database.close();
        close(lock);
      },
    };
  } catch (error) {
    close(lock);
    throw error;
  }
}
