import { BerthError } from "#base/errors.ts";
import type { HostConfig } from "#spec/docker/host-config.ts";
import type { MachineFacts } from "../host-facts.ts";

/**
 * `--storage-opt`. `invalid-parameter` in Docker's words where the file system keeps no quotas; where it does,
 * `not-implemented`: the size of a container's writable view is not limited yet.
 */
export function validateStorageOpt(host: HostConfig, machine: Pick<MachineFacts, "projectQuota">): void {
  const options = Object.keys(host.StorageOpt ?? {});
  const unknown = options.find((name) => name.toLowerCase() !== "size");
  if (unknown !== undefined) throw new BerthError("invalid-parameter", `unknown option ${unknown}`);
  if (options.length === 0) return;
  if (machine.projectQuota)
    throw new BerthError("not-implemented", "not supported by this engine yet: HostConfig.StorageOpt");
  throw new BerthError(
    "invalid-parameter",
    "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
  );
}
