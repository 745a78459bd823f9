import type { Owner } from "../types.ts";

/** `user[:group]`, each a name or a number; `root` is known without looking. */
export function ownerOf(text: string): Owner {
  const colon = text.indexOf(":");
  if (colon < 0) return { user: nameOrNumber(text), group: undefined };
  const group = text.slice(colon + 1);
  return { user: nameOrNumber(text.slice(0, colon)), group: group === "" ? undefined : nameOrNumber(group) };
}

export function hasNames({ user, group }: Owner): boolean {
  return typeof user === "string" || typeof group === "string";
}

function nameOrNumber(text: string): string | number {
  if (text === "root") return 0;
  return /^\d+$/.test(text) && Number(text) <= 0xffffffff ? Number(text) : text;
}
