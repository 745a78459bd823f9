import { BerthError } from "#base/errors.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import type { MachineFacts } from "../../host-facts.ts";
import { sizeLimitOf } from "../files/prepare-snapshot.ts";

/** `--storage-opt`. `invalid-parameter` in Docker's words, also where the file system keeps no quotas. */
export function validateStorageOpt(host: HostConfig, machine: Pick<MachineFacts, "projectQuota">): void {
  const options = Object.keys(host.StorageOpt ?? {});
  const unknown = options.find((name) => name.toLowerCase() !== "size");
  if (unknown !== undefined) throw new BerthError("invalid-parameter", `unknown option ${unknown}`);
  if (sizeLimitOf(host) === undefined || machine.projectQuota) return;
  throw new BerthError(
    "invalid-parameter",
    "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
    { hint: "So is ext4 with project quotas, mounted with the option prjquota." },
  );
}
