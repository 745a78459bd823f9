import { createHash } from "node:crypto";
import { BerthError } from "#base/errors.ts";
import { shortId } from "#base/ids.ts";
import type { Platform } from "#spec/oci/platform.ts";
import { canonicalName, parseReference, withDefaultTag } from "#spec/oci/reference.ts";
import type { ImageReferenceRow } from "#state/image-store.ts";
import { familiarRow, isTagRow, referenceSuffix, type ImageCatalog, type ImageRows } from "../image-catalog.ts";
import { settleLeading } from "../settle-leading.ts";
import type { StoredImage } from "../types.ts";
import { variantFor } from "../variant-for.ts";
import { collect, type CollectDeps } from "./collect-garbage.ts";

export interface ImageUser {
  readonly containerId: string;
  readonly imageId: string;
  readonly running: boolean;
}

export type RemovalRecord = { readonly Untagged: string } | { readonly Deleted: string };

interface RemoveDeps extends CollectDeps {
  readonly catalog: ImageCatalog;
  readonly hostPlatform: Platform;
}

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
 * - The images of an index go together. One platform of it alone goes where another is left; the names stay.
 *
 * `conflict` in Docker's sentences. What is deleted is gone from the rows first, then from the disk.
 */
export async function removeImage(
  deps: RemoveDeps,
  request: HowToRemove & { readonly nameOrId: string; readonly platforms?: readonly Platform[] },
): Promise<readonly RemovalRecord[]> {
  const { nameOrId, force } = request;
  const { rows } = deps;
  const image = deps.catalog.resolve(nameOrId);
  const family = [image, ...image.variants];
  if (family.some(({ isLocked }) => isLocked) && !keepsTag(rows, image, nameOrId)) {
    throw new BerthError(
      "conflict",
      `conflict: unable to remove ${nameOrId} (cannot be forced) - image ${shortId(image.id)} is locked`,
    );
  }
  const unwanted = new Set((request.platforms ?? []).map((platform) => variantFor(image, nameOrId, platform).id));
  if (unwanted.size > 0 && unwanted.size < family.length) return removeVariants(deps, family, unwanted, request);
  const users = request.users.filter((user) => family.some(({ id }) => id === user.imageId));
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

/** A tag goes, and another one stays. */
function keepsTag(rows: ImageRows, image: StoredImage, nameOrId: string): boolean {
  if (isIdPrefixOf(image.id, nameOrId)) return false;
  return rows.referencesOf(image.id).filter(isTagRow).length > 1;
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
  deps: RemoveDeps,
  image: StoredImage,
  how: HowToRemove,
  quiet: boolean,
): Promise<readonly RemovalRecord[]> {
  const { rows } = deps;
  const references = rows.referencesOf(image.id);
  const ids = new Set([image, ...image.variants].map(({ id }) => id));
  const users = how.users.filter(({ imageId }) => ids.has(imageId));
  const children = hasChildren(rows, image);
  if (quiet && image.isLocked) return [];
  const conflict = findConflict({ users, references, hasChildren: children }, how.force);
  if (conflict !== undefined) {
    if (quiet && (references.length > 0 || children || conflict.used)) return [];
    throw conflictError(image.id, conflict);
  }
  const parent = how.prune && image.parentId !== undefined ? deps.catalog.find(image.parentId) : undefined;
  const records: RemovalRecord[] = references.map((row) => ({ Untagged: familiarRow(row) }));
  records.push(...(await dropImage(deps, image)));
  // Only now is it known that no name means their index any more.
  const behind = new Set(rows.idsBehindOthers());
  for (const variant of image.variants) {
    if (behind.has(variant.id) || rows.referencesOf(variant.id).length > 0 || hasChildren(rows, variant)) continue;
    records.push(...(await dropImage(deps, variant)));
  }
  if (parent !== undefined) records.push(...(await deleteImage(deps, parent, { ...how, force: false }, true)));
  return records;
}

/** Delete an image with its names, and what nothing needs any more then. */
async function dropImage(deps: CollectDeps, image: StoredImage): Promise<RemovalRecord[]> {
  const blobs = deps.rows.blobsOf(image.id);
  deps.rows.delete(image.id);
  const gone = new Set(await collect(deps, { diffIds: image.diffIds.toReversed(), blobs }));
  const layers = chainIds(image.diffIds).filter((_, index) => gone.has(image.diffIds[index] ?? ""));
  return [{ Deleted: image.id }, ...layers.map((Deleted) => ({ Deleted })).toReversed()];
}

/** Some images of an index go; its names mean what is left of it. */
async function removeVariants(
  deps: RemoveDeps,
  family: readonly StoredImage[],
  unwanted: ReadonlySet<string>,
  how: HowToRemove,
): Promise<readonly RemovalRecord[]> {
  const { rows } = deps;
  const going = family.filter(({ id }) => unwanted.has(id));
  for (const image of going) {
    const users = how.users.filter((user) => user.imageId === image.id);
    const conflict = findConflict({ users, references: [], hasChildren: hasChildren(rows, image) }, how.force);
    if (conflict !== undefined) throw conflictError(image.id, conflict);
  }
  const records: RemovalRecord[] = [];
  for (const image of going) {
    const indexes = new Set(family.flatMap(({ id }) => rows.referencesOf(id)).flatMap((row) => row.indexDigest ?? []));
    rows.transaction(() => {
      for (const index of indexes) {
        rows.deleteVariant(index, image.id);
        const [left] = rows.variantsOf(index);
        if (left !== undefined) settleLeading(deps, index, left);
      }
    });
    if (rows.referencesOf(image.id).length === 0) records.push(...(await dropImage(deps, image)));
  }
  return records;
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
function chainIds(diffIds: readonly string[]): readonly string[] {
  const chains: string[] = [];
  for (const diffId of diffIds) {
    const below = chains.at(-1);
    chains.push(
      below === undefined ? diffId : `sha256:${createHash("sha256").update(`${below} ${diffId}`).digest("hex")}`,
    );
  }
  return chains;
}
