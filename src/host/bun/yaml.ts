/** YAML or JSON (which is YAML) as plain values. Throws a SyntaxError for what is neither. */
export function parseYaml(text: string): unknown {
  return Bun.YAML.parse(text);
}
