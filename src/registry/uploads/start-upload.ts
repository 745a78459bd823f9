import type { DigestAlgorithm } from "#base/digest.ts";
import { checkWritable } from "../check-writable.ts";
import type { RegistryContext } from "../context.ts";
import { checkQuota } from "../policies/quota.ts";
import { checkRepositoryName } from "../repositories/repository.ts";
import { newUploadId } from "./upload.ts";

/**
 * Begin an upload and give its id. It survives a restart, and goes when nobody touches it for the grace time.
 * `algorithm` is a guess at the digest it will end with; another one only costs a second reading.
 */
export async function startUpload(
  context: RegistryContext,
  repository: string,
  algorithm: DigestAlgorithm = "sha256",
): Promise<string> {
  checkWritable(context);
  checkRepositoryName(repository);
  checkQuota(context, repository, 0);
  const id = newUploadId(repository);
  await context.storage.begin(id);
  context.hashes.begin(id, algorithm);
  return id;
}
