/** One line of comma-separated fields, quotes as in RFC 4180. Throws with the words of Go's reader. */
export function csvFields(line: string): readonly string[] {
  if (line === "") throw new Error("EOF");
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      const [field, next] = quoted(line, at);
      fields.push(field);
      at = next;
    } else {
      const comma = line.indexOf(",", at);
      const field = line.slice(at, comma === -1 ? line.length : comma);
      const quote = field.indexOf('"');
      if (quote !== -1)
        throw new Error(`parse error on line 1, column ${String(at + quote + 1)}: bare " in non-quoted-field`);
      fields.push(field);
      at += field.length;
    }
    if (at >= line.length) return fields;
    at += 1; // the comma
  }
}

function quoted(line: string, start: number): readonly [string, number] {
  let field = "";
  for (let at = start + 1; at < line.length; at += 1) {
    if (line[at] !== '"') field += line[at] ?? "";
    else if (line[at + 1] === '"') {
      field += '"';
      at += 1;
    } else if (at + 1 === line.length || line[at + 1] === ",") return [field, at + 1];
    else throw new Error(`parse error on line 1, column ${String(at + 1)}: extraneous or missing " in quoted-field`);
  }
  throw new Error(`parse error on line 1, column ${String(line.length + 1)}: extraneous or missing " in quoted-field`);
}
