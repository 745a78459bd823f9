/** A template that is nothing but fields and the text between them, as the default tables are. */
export interface PlainLine {
  readonly fields: readonly string[];
  /** One more than fields: in front of the first, between them, behind the last. */
  readonly texts: readonly string[];
}

const FIELD = /\{\{\.([A-Za-z]\w*)\}\}/;

/** Undefined for a template that is anything else. */
export function plainLine(source: string): PlainLine | undefined {
  const parts = source.split(FIELD);
  const texts = parts.filter((_, at) => at % 2 === 0);
  const fields = parts.filter((_, at) => at % 2 === 1);
  return texts.some((text) => text.includes("{{")) ? undefined : { fields, texts };
}

/** What the template makes of `row`; undefined when one of its fields is no text, which is for the template to tell. */
export function fillPlainLine(
  { fields, texts }: PlainLine,
  row: Readonly<Record<string, unknown>>,
): string | undefined {
  let line = texts[0] ?? "";
  for (const [at, field] of fields.entries()) {
    const value = Object.hasOwn(row, field) ? row[field] : undefined;
    if (typeof value !== "string") return undefined;
    line += value + (texts[at + 1] ?? "");
  }
  return line;
}
