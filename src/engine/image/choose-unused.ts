/** What a clean-up knows of an image. */
export interface CleanCandidate {
  readonly id: string;
  readonly names: readonly string[];
  /** Milliseconds since 1970 of the last pull, tag, container or build that had to do with it. */
  readonly lastUsedMs: number;
  /** A container has it, an image was made of it, or a person locked it. */
  readonly isHeld: boolean;
  /** Everything of it on the disk, by what it is kept under: others may share it. */
  readonly parts: ReadonlyMap<string, number>;
}

/** Which images may go, and how many of them. */
export interface CleanPolicy {
  /** Nothing goes as long as all images take this much or less; undefined: everything goes that may. */
  readonly highBytes: number | undefined;
  /** Then images go until all take this much or less. */
  readonly lowBytes: number;
  /** What was used later than this ago stays. */
  readonly unusedMs: number;
  /** Patterns of names; an image with one that matches stays. */
  readonly keep: readonly string[];
}

/**
 * The images that a clean-up removes, those that were not used for longest first. Parts that several images have count
 * once, and are free only when the last of them goes.
 */
export function chooseUnused(
  images: readonly CleanCandidate[],
  policy: CleanPolicy,
  context: { readonly nowMs: number; readonly isKept: (pattern: string, name: string) => boolean },
): { readonly chosen: readonly CleanCandidate[]; readonly bytesBefore: number; readonly bytesAfter: number } {
  const users = new Map<string, number>();
  const sizes = new Map<string, number>();
  for (const { parts } of images)
    for (const [part, size] of parts) {
      users.set(part, (users.get(part) ?? 0) + 1);
      sizes.set(part, size);
    }
  const bytesBefore = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  if (policy.highBytes !== undefined && bytesBefore <= policy.highBytes)
    return { chosen: [], bytesBefore, bytesAfter: bytesBefore };
  const mayGo = images
    .filter(({ isHeld, lastUsedMs }) => !isHeld && context.nowMs - lastUsedMs >= policy.unusedMs)
    .filter(({ names }) => !names.some((name) => policy.keep.some((pattern) => context.isKept(pattern, name))))
    .toSorted((a, b) => a.lastUsedMs - b.lastUsedMs || (a.id < b.id ? -1 : 1));
  const goal = policy.highBytes === undefined ? -1 : policy.lowBytes;
  const chosen: CleanCandidate[] = [];
  let bytesAfter = bytesBefore;
  for (const image of mayGo) {
    if (bytesAfter <= goal) break;
    chosen.push(image);
    for (const [part, size] of image.parts) {
      const left = (users.get(part) ?? 1) - 1;
      users.set(part, left);
      if (left === 0) bytesAfter -= size;
    }
  }
  return { chosen, bytesBefore, bytesAfter };
}
