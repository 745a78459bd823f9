import { invalid } from "#base/errors.ts";

/** `NAME[:ALIAS]`, or as inspect prints a link: `/NAME:/PARENT/ALIAS`. `invalid-parameter` in Docker's words. */
export function parseLink(text: string): { readonly name: string; readonly alias: string } {
  if (text === "") throw invalid("empty string specified for links");
  const [name = "", alias = name, ...rest] = text.split(":");
  if (rest.length > 0) throw invalid(`bad format for links: ${text}`);
  return name.startsWith("/")
    ? { name: name.slice(1), alias: alias.slice(alias.lastIndexOf("/") + 1) }
    : { name, alias };
}
