/** Order of names in which runs of digits count as numbers: `n2` before `n10`. */
export function naturalOrder(a: string, b: string): number {
  const [mine, theirs] = [chunks(a), chunks(b)];
  for (const [at, chunk] of mine.entries()) {
    const other = theirs[at];
    if (other === undefined) return 1;
    if (chunk === other) continue;
    if (/^\d/.test(chunk) && /^\d/.test(other)) {
      const difference = BigInt(chunk) - BigInt(other);
      if (difference !== 0n) return difference < 0n ? -1 : 1;
      // Equal numbers: the one with fewer leading zeros is first.
      return chunk.length - other.length;
    }
    return chunk < other ? -1 : 1;
  }
  return mine.length - theirs.length;
}

function chunks(text: string): readonly string[] {
  return text.match(/\d+|\D+/g) ?? [];
}
