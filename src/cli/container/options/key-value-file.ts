/**
 * Lines of an `--env-file` or `--label-file`: `NAME=value`, `NAME` alone (looked up by `lookup`, left out when that knows
 * nothing), comments by `#`, blank lines skipped. Throws with docker's words.
 */
export function parseKeyValueLines(content: string, lookup?: (name: string) => string | undefined): readonly string[] {
  const lines = content.replace(/^\uFEFF/, "").split("\n");
  const items: string[] = [];
  for (const [at, whole] of lines.entries()) {
    const line = whole.replace(/\r$/, "").trimStart();
    if (line === "" || line.startsWith("#")) continue;
    if (line.includes("\uFFFD"))
      throw new Error(`invalid utf8 bytes at line ${String(at + 1)}: ${JSON.stringify(line)}`);
    const equals = line.indexOf("=");
    const name = equals === -1 ? line : line.slice(0, equals);
    if (name === "") throw new Error(`no variable name on line '${line}'`);
    if (/[ \t]/.test(name)) throw new Error(`variable '${name}' contains whitespaces`);
    if (equals !== -1) items.push(`${name}=${line.slice(equals + 1)}`);
    else {
      const value = lookup?.(name);
      if (value !== undefined) items.push(`${name}=${value}`);
    }
  }
  return items;
}
