import { isRepositoryName } from "#spec/oci/reference.ts";
import type { RegistryContext } from "../context.ts";
import type { RepositoryRow } from "../database/repository-rows.ts";
import { nameInvalid, nameUnknown } from "../failure.ts";

/** `NAME_INVALID` for what cannot name a repository. */
export function checkRepositoryName(name: string): void {
  if (!isRepositoryName(name)) throw nameInvalid(name);
}

/** `NAME_INVALID`, or `NAME_UNKNOWN` when nothing was ever pushed to it. */
export function findRepository(context: RegistryContext, name: string): RepositoryRow {
  checkRepositoryName(name);
  const found = context.repositories.find(name);
  if (found === undefined) throw nameUnknown(name);
  return found;
}
