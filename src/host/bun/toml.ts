/** A TOML 1.0 document as plain values; tables keep the order of the file. Throws `SyntaxError` for what is none. */
export function parseToml(text: string): Readonly<Record<string, unknown>> {
  return Bun.TOML.parse(text) as Readonly<Record<string, unknown>>;
}
