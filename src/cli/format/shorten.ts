/** The first twelve digits of an id, without the digest's algorithm. */
export function shortId(id: string): string {
  const colon = id.indexOf(":");
  return id.slice(colon + 1).slice(0, 12);
}

/** At most `length` letters; the last is an ellipsis when something is missing. */
export function ellipsis(text: string, length: number): string {
  const letters = Array.from(text);
  return letters.length <= length ? text : `${letters.slice(0, length - 1).join("")}…`;
}
