import { BerthError } from "#base/errors.ts";
import { S3Bucket } from "#host/web/s3-bucket.ts";
import type { SqlDatabase } from "#host/bun/sqlite.ts";
import { AccountRows } from "#registry/database/account-rows.ts";
import type { StorageDriver } from "#registry/storage/driver.ts";
import { FileDriver } from "#registry/storage/file-driver.ts";
import { ObjectDriver } from "#registry/storage/object-driver.ts";

/** Where a registry keeps its blobs. Who may use an object store comes from the environment and is written nowhere. */
export type StoragePlace =
  | { readonly kind: "files" }
  | {
      readonly kind: "objects";
      readonly endpoint: string;
      readonly bucket: string;
      readonly region: string;
      /** In front of every key; empty or ending in `/`. */
      readonly prefix: string;
    };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The storage of the registry in `root`. Where it is was written down when it first served, so that no later command looks
 * for its blobs elsewhere and takes them for lost: `conflict` when `wanted` is another place. `invalid-parameter` without
 * the credentials that it needs.
 */
export function openStorage(
  root: string,
  database: SqlDatabase,
  wanted: StoragePlace | undefined,
  env: Environment,
): StorageDriver {
  const text = JSON.stringify(wanted ?? { kind: "files" });
  const kept = new AccountRows(database).secret("storage", () => text);
  if (wanted !== undefined && kept !== text) {
    throw new BerthError("conflict", `the blobs of this registry are kept elsewhere: ${kept}`, {
      hint: "Serve it with the same storage options, or give this one its own --root.",
    });
  }
  const place = JSON.parse(kept) as StoragePlace;
  const files = new FileDriver(root);
  if (place.kind === "files") return files;
  const [accessKeyId = "", secretAccessKey = ""] = [env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]];
  if (accessKeyId === "" || secretAccessKey === "") {
    throw new BerthError("invalid-parameter", `the object store at ${place.endpoint} needs credentials`, {
      hint: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    });
  }
  const { endpoint, bucket, region, prefix } = place;
  const s3 = new S3Bucket({ endpoint, bucket, region, accessKeyId, secretAccessKey });
  return new ObjectDriver({ bucket: s3, staging: files, prefix });
}
