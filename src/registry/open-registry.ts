import { KeyedMutex } from "#base/async.ts";
import { messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { SqlDatabase } from "#host/bun/sqlite.ts";
import type { RegistryContext } from "./context.ts";
import { AccountRows } from "./database/account-rows.ts";
import { BlobRows } from "./database/blob-rows.ts";
import { DeliveryRows } from "./database/delivery-rows.ts";
import { ManifestRows } from "./database/manifest-rows.ts";
import { PolicyRows } from "./database/policy-rows.ts";
import { RepositoryRows } from "./database/repository-rows.ts";
import { TagRows } from "./database/tag-rows.ts";
import type { RegistrySettings } from "./settings.ts";
import type { StorageDriver } from "./storage/driver.ts";
import { EventBus } from "./events/event.ts";
import { UploadHashes } from "./uploads/upload-hashes.ts";

/** The registry over an open database and storage, both of which the caller closes. */
export function openRegistry(deps: {
  readonly database: SqlDatabase;
  readonly storage: StorageDriver;
  readonly settings: RegistrySettings;
  readonly log: Log;
  readonly now: () => number;
}): RegistryContext {
  const { database } = deps;
  return {
    ...deps,
    repositories: new RepositoryRows(database),
    blobs: new BlobRows(database),
    manifests: new ManifestRows(database),
    tags: new TagRows(database),
    accounts: new AccountRows(database),
    policies: new PolicyRows(database),
    deliveries: new DeliveryRows(database),
    hashes: new UploadHashes(),
    locks: new KeyedMutex(),
    events: new EventBus((error) => deps.log.error("an event was not handled", { error: messageOf(error) })),
  };
}
