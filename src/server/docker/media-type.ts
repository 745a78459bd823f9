const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+/;

/**
 * The media type of a Content-Type header, in lower case; its parameters are checked and left out. Throws in the words of
 * Go's mime.ParseMediaType, which clients see. RFC 9110, section 8.3.1.
 */
export function parseMediaType(header: string): string {
  const [type = ""] = header.split(";", 1);
  const media = type.trim().toLowerCase();
  checkName(media);
  const names = new Set<string>();
  let rest = header.slice(type.length);
  while (rest !== "") {
    rest = rest.trimStart();
    if (rest === "" || rest.trim() === ";") return media;
    const parameter = takeParameter(rest);
    if (parameter === undefined) throw new Error("mime: invalid media parameter");
    if (names.has(parameter.name)) throw new Error("mime: duplicate parameter name");
    names.add(parameter.name);
    rest = parameter.rest;
  }
  return media;
}

function checkName(media: string): void {
  const [type] = token.exec(media) ?? [];
  if (type === undefined) throw new Error("mime: no media type");
  const behind = media.slice(type.length);
  if (behind === "") return;
  if (!behind.startsWith("/")) throw new Error("mime: expected slash after first token");
  const [subtype] = token.exec(behind.slice(1)) ?? [];
  if (subtype === undefined) throw new Error("mime: expected token after slash");
  if (behind.length > 1 + subtype.length) throw new Error("mime: unexpected content after media subtype");
}

/** `; name=value` or `; name="value"` at the beginning of `text`. */
function takeParameter(text: string): { readonly name: string; readonly rest: string } | undefined {
  const match = /^;\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*=\s*(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[^"\\\r\n]|\\.)*")/.exec(
    text,
  );
  if (match?.[1] === undefined) return undefined;
  return { name: match[1].toLowerCase(), rest: text.slice(match[0].length) };
}
