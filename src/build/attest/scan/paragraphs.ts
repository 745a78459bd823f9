/** Paragraphs of `Name: value` lines, as dpkg and Python keep what they know; continued lines are left out. */
export function paragraphs(text: string): readonly ReadonlyMap<string, string>[] {
  return text
    .split(/\n\s*\n/)
    .map((part) => {
      const fields = new Map<string, string>();
      for (const line of part.split("\n")) {
        const [, name, value] = /^([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)$/.exec(line) ?? [];
        if (name !== undefined && value !== undefined && !fields.has(name)) fields.set(name, value.trim());
      }
      return fields;
    })
    .filter((fields) => fields.size > 0);
}
