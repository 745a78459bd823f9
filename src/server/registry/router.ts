import { nameInvalid } from "#registry/failure.ts";
import type { Route } from "./call.ts";

export type Found =
  | { readonly kind: "route"; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: "other-method"; readonly allowed: readonly string[] }
  | { readonly kind: "none" };

/** The first route whose path and method fit. `NAME_INVALID` for a path with bad escapes. */
export function findRoute(routes: readonly Route[], method: string, path: string): Found {
  const allowed: string[] = [];
  for (const route of routes) {
    const match = route.path.exec(path);
    if (match === null) continue;
    if (route.method === method) return { kind: "route", route, params: decoded(match.groups ?? {}) };
    allowed.push(route.method);
  }
  return allowed.length === 0 ? { kind: "none" } : { kind: "other-method", allowed };
}

function decoded(groups: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(groups).map(([name, value]): [string, string] => {
    if (!value.includes("%")) return [name, value];
    try {
      return [name, decodeURIComponent(value)];
    } catch {
      throw nameInvalid(value);
    }
  });
  return Object.fromEntries(entries);
}
