import type { IdMapping } from "#spec/oci/runtime.ts";

/** As whose the files of a mount shall be seen; undefined: as they are. */
export interface MountOwner {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** The largest id there is: the one above means "none" to chown(2). */
export const MAX_ID = 0xffff_fffe;

/** Undefined when nothing is asked for. */
export function mountOwner(uid: number | undefined, gid: number | undefined): MountOwner | undefined {
  return uid === undefined && gid === undefined ? undefined : { uid, gid };
}

/**
 * The owner that the source has on the disk and the one that it shall seem to have change places; all other ids stay. So
 * what the one makes belongs to the other on the disk, and nothing is lost from sight.
 */
export function ownerMaps(
  { uid, gid }: MountOwner,
  actual: { readonly uid: number; readonly gid: number },
): { readonly uid: readonly IdMapping[]; readonly gid: readonly IdMapping[] } {
  return { uid: swapped(actual.uid, uid ?? actual.uid), gid: swapped(actual.gid, gid ?? actual.gid) };
}

/** user_namespaces(7): ranges of up to 2^32 - 1 ids. */
function swapped(one: number, other: number): readonly IdMapping[] {
  const map = (containerID: number, hostID: number, size: number): readonly IdMapping[] =>
    size > 0 ? [{ containerID, hostID, size }] : [];
  if (one === other) return map(0, 0, MAX_ID + 1);
  const [low, high] = one < other ? [one, other] : [other, one];
  return [
    ...map(0, 0, low),
    ...map(low, high, 1),
    ...map(low + 1, low + 1, high - low - 1),
    ...map(high, low, 1),
    ...map(high + 1, high + 1, MAX_ID - high),
  ];
}
