/**
 * Which of `offered` an Accept header names with the highest weight (RFC 9110, section 12.5.1), the first of equals in the
 * header's order; undefined when it names none of them. Ranges with a star name nothing, and a weight of 0 refuses.
 */
export function acceptedType(accept: string | undefined, offered: readonly string[]): string | undefined {
  const named = (accept ?? "").split(",").flatMap((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const weight = parameters.flatMap((text) => /^q=(\d(?:\.\d{0,3})?)$/u.exec(text)?.[1] ?? [])[0];
    const quality = weight === undefined ? 1 : Number(weight);
    return offered.includes(type) && quality > 0 ? [{ type, quality }] : [];
  });
  return named.toSorted((a, b) => b.quality - a.quality)[0]?.type;
}
