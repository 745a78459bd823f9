import type { KeyedMutex } from "#base/async.ts";
import type { Log } from "#base/log.ts";
import type { SqlDatabase } from "#host/bun/sqlite.ts";
import type { AccountRows } from "./database/account-rows.ts";
import type { BlobRows } from "./database/blob-rows.ts";
import type { DeliveryRows } from "./database/delivery-rows.ts";
import type { ManifestRows } from "./database/manifest-rows.ts";
import type { PolicyRows } from "./database/policy-rows.ts";
import type { RepositoryRows } from "./database/repository-rows.ts";
import type { TagRows } from "./database/tag-rows.ts";
import type { EventBus } from "./events/event.ts";
import type { RegistrySettings } from "./settings.ts";
import type { StorageDriver } from "./storage/driver.ts";
import type { UploadHashes } from "./uploads/upload-hashes.ts";

/** What the registry's use cases work with; `open-registry.ts` makes it. */
export interface RegistryContext {
  readonly database: SqlDatabase;
  readonly repositories: RepositoryRows;
  readonly blobs: BlobRows;
  readonly manifests: ManifestRows;
  readonly tags: TagRows;
  readonly accounts: AccountRows;
  readonly policies: PolicyRows;
  readonly deliveries: DeliveryRows;
  readonly storage: StorageDriver;
  readonly hashes: UploadHashes;
  /** Held under `blob <digest>` while a blob appears or goes, under `upload <id>` while one grows. */
  readonly locks: KeyedMutex;
  readonly settings: RegistrySettings;
  readonly events: EventBus;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}
