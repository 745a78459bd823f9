import { isDigest } from "#base/digest.ts";
import { checkWritable } from "../check-writable.ts";
import type { Actor } from "../actor.ts";
import type { RegistryContext } from "../context.ts";
import { emitBlobEvent } from "./emit-blob-event.ts";
import { checkRepositoryName } from "../repositories/repository.ts";

/**
 * Give `repository` a blob that another one has, without moving bytes. `from`: the other's name, or the names the client
 * may read when it named none. False when none of them has it: the client uploads it then.
 */
export function mountBlob(
  context: RegistryContext,
  repository: string,
  digest: string,
  from: { readonly name: string } | { readonly anyThat: (name: string) => boolean },
  actor: Actor,
): boolean {
  checkWritable(context);
  checkRepositoryName(repository);
  if (!isDigest(digest)) return false;
  const source = "name" in from ? from.name : context.blobs.repositoriesWith(digest).find((name) => from.anyThat(name));
  const row = source === undefined ? undefined : context.repositories.find(source);
  const blob = row === undefined ? undefined : context.blobs.linked(row.id, digest);
  if (row === undefined || blob === undefined) return false;
  const now = context.now();
  context.database.transaction(() => {
    context.blobs.link(context.repositories.ensure(repository, now).id, digest, now);
    const { sizeBytes } = blob;
    emitBlobEvent(context, "mount", { repository, digest, sizeBytes, actor, fromRepository: row.name });
  });
  return true;
}
