import { createHash } from "node:crypto";
import { BerthError } from "#base/errors.ts";
import { shortId } from "#base/ids.ts";
import { canonicalName, parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { ImageReferenceRow } from "#state/image-store.ts";
import { familiarRow, isTagRow, referenceSuffix, type ImageCatalog, type ImageRows } from "../image-catalog.ts";
import type { StoredImage } from "../types.ts";
import { collect, type CollectDeps } from "./collect-garbage.ts";

export interface ImageUser {
  readonly containerId: string;
  readonly imageId: string;
  readonly running: boolean;
}

export type RemovalRecord = { readonly Untagged: string } | { readonly Deleted: string };

interface HowToRemove {
  readonly force: boolean;
  readonly prune: boolean;
  readonly users: readonly ImageUser[];
}

interface Conflict {
  readonly text: string;
  readonly hard: boolean;
  readonly used: boolean;
}

/**
 * Untag and delete by the rules of moby's `image_delete.go`:
 *
 * - A name loses that name; when it was the repository's last tag its digests go too; when names are left, that is all.
 * - An id goes with all its names when they are in one repository at most, otherwise it must be forced.
 * - A running container and images made of it keep an image in every case; a stopped container, or names in several
 *   repositories, unless forced.
 * - With `prune` its parent goes too when nothing names or uses it, and that one's, and so on.
 *
 * `conflict` in Docker's sentences. What is deleted is gone from the rows first, then from the disk.
 */
export async function removeImage(
  deps: CollectDeps & { readonly catalog: ImageCatalog },
  request: HowToRemove & { readonly nameOrId: string },
): Promise<readonly RemovalRecord[]> {
  const { nameOrId, force } = request;
  const { rows } = deps;
  const image = deps.catalog.resolve(nameOrId);
  const users = request.users.filter((user) => user.imageId === image.id);
  const records: RemovalRecord[] = [];
  const untag = (row: ImageReferenceRow): void => {
    rows.deleteReference(row.name, row.suffix);
    records.push({ Untagged: familiarRow(row) });
  };
  const references = rows.referencesOf(image.id);
  if (isIdPrefixOf(image.id, nameOrId)) {
    if (isSingleReference(references)) {
      const conflict = findConflict({ users, references: [], hasChildren: hasChildren(rows, image) }, force);
      if (conflict !== undefined) throw conflictError(image.id, conflict);
      references.forEach(untag);
    }
    return [...records, ...(await deleteImage(deps, image, request, false))];
  }
  refuseLastName(request, image, references, users);
  untagName(rows, nameOrId, references, untag);
  if (rows.referencesOf(image.id).length > 0) return records;
  return [...records, ...(await deleteImage(deps, image, request, true))];
}

/** A container would be left with an image nobody can name. */
function refuseLastName(
  request: { readonly nameOrId: string; readonly force: boolean },
  image: StoredImage,
  references: readonly ImageReferenceRow[],
  users: readonly ImageUser[],
): void {
  const user = users[0];
  if (request.force || user === undefined || !isSingleReference(references)) return;
  throw new BerthError(
    "conflict",
    `conflict: unable to remove repository reference "${request.nameOrId}" (must force) - container ` +
      `${shortId(user.containerId)} is using its referenced image ${shortId(image.id)}`,
  );
}

function untagName(
  rows: ImageRows,
  nameOrId: string,
  references: readonly ImageReferenceRow[],
  untag: (row: ImageReferenceRow) => void,
): void {
  const reference = withDefaultTag(parseReference(nameOrId));
  const name = canonicalName(reference);
  const suffix = referenceSuffix(reference);
  const named = references.find((row) => row.name === name && row.suffix === suffix);
  if (named === undefined) throw new BerthError("not-found", `No such image: ${nameOrId}`);
  untag(named);
  if (!isTagRow(named)) return;
  const left = references.filter((row) => row !== named && row.name === name);
  if (!left.some(isTagRow)) left.forEach(untag);
}

async function deleteImage(
  deps: CollectDeps & { readonly catalog: ImageCatalog },
  image: StoredImage,
  how: HowToRemove,
  quiet: boolean,
): Promise<readonly RemovalRecord[]> {
  const { rows } = deps;
  const references = rows.referencesOf(image.id);
  const users = how.users.filter((user) => user.imageId === image.id);
  const children = hasChildren(rows, image);
  const conflict = findConflict({ users, references, hasChildren: children }, how.force);
  if (conflict !== undefined) {
    if (quiet && (references.length > 0 || children || conflict.used)) return [];
    throw conflictError(image.id, conflict);
  }
  const parent = how.prune && image.parentId !== undefined ? deps.catalog.find(image.parentId) : undefined;
  const blobs = rows.blobsOf(image.id);
  rows.delete(image.id);
  const gone = new Set(await collect(deps, { diffIds: image.diffIds.toReversed(), blobs }));
  const chains = chainIds(image.diffIds);
  return [
    ...references.map((row) => ({ Untagged: familiarRow(row) })),
    { Deleted: image.id },
    ...chains
      .filter((_, index) => gone.has(image.diffIds[index] ?? ""))
      .map((Deleted) => ({ Deleted }))
      .toReversed(),
    ...(parent === undefined ? [] : await deleteImage(deps, parent, { ...how, force: false }, true)),
  ];
}

const hasChildren = (rows: ImageRows, { id }: StoredImage): boolean => rows.childrenOf(id).length > 0;

/** `hard` ones stand even when forced. */
function findConflict(
  image: {
    readonly users: readonly ImageUser[];
    readonly references: readonly ImageReferenceRow[];
    readonly hasChildren: boolean;
  },
  force: boolean,
): Conflict | undefined {
  if (image.hasChildren) return { text: "image has dependent child images", hard: true, used: false };
  const running = image.users.find((user) => user.running);
  if (running !== undefined) {
    return { text: `image is being used by running container ${shortId(running.containerId)}`, hard: true, used: true };
  }
  if (force) return undefined;
  if (image.references.length > 0)
    return { text: "image is referenced in multiple repositories", hard: false, used: false };
  const stopped = image.users[0];
  if (stopped === undefined) return undefined;
  return { text: `image is being used by stopped container ${shortId(stopped.containerId)}`, hard: false, used: true };
}

function conflictError(imageId: string, conflict: Conflict): BerthError {
  const force = conflict.hard ? "cannot be forced" : "must be forced";
  return new BerthError("conflict", `conflict: unable to delete ${shortId(imageId)} (${force}) - ${conflict.text}`);
}

/** One tag with at most its own repository's digests, or one digest alone. */
function isSingleReference(references: readonly ImageReferenceRow[]): boolean {
  if (references.length <= 1) return true;
  const tags = references.filter(isTagRow);
  if (tags.length > 1) return false;
  const repositories = new Set(references.filter((row) => !isTagRow(row)).map((row) => row.name));
  const single = tags[0] ?? references[0];
  return repositories.size === 1 && single !== undefined && repositories.has(single.name);
}

function isIdPrefixOf(imageId: string, text: string): boolean {
  return imageId.startsWith(text) || imageId.slice(imageId.indexOf(":") + 1).startsWith(text);
}

/** OCI image-spec `config.md` "Layer ChainID": bottom first, one for each layer. */
export function chainIds(diffIds: readonly string[]): readonly string[] {
  const chains: string[] = [];
  for (const diffId of diffIds) {
    const below = chains.at(-1);
    chains.push(
      below === undefined ? diffId : `sha256:${createHash("sha256").update(`${below} ${diffId}`).digest("hex")}`,
    );
  }
  return chains;
}
