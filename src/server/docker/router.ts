import { BerthError } from "#base/errors.ts";
import type { Route } from "./call.ts";
import { unescapePath } from "./clean-path.ts";

interface Compiled {
  readonly route: Route;
  readonly expression: RegExp;
}

/** Finds the route of a request. Routes are tried in the order of the table. */
export class Router {
  readonly #byMethod = new Map<string, Compiled[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const compiled = this.#byMethod.get(route.method) ?? [];
      compiled.push({ route, expression: compile(route.pattern) });
      this.#byMethod.set(route.method, compiled);
    }
  }

  /** `not-found` "page not found" when there is none; `invalid-parameter` for a path with bad escapes. */
  find(method: string, path: string): { readonly route: Route; readonly params: Readonly<Record<string, string>> } {
    for (const { route, expression } of this.#byMethod.get(method) ?? []) {
      const match = expression.exec(path);
      if (match !== null) return { route, params: decodeAll(match.groups ?? {}) };
    }
    throw new BerthError("not-found", "page not found");
  }
}

function compile(pattern: string): RegExp {
  const source = pattern
    .replace(/[.*+?^$()|[\]\\]/g, "\\$&")
    .replace(/\{([a-z]+)\\\.\\\.\\\.\}/gi, "(?<$1>.+)")
    // docker-compat: a container may also be called by a link that leads to it, "parent/alias".
    .replace("/containers/{id}", "/containers/(?<id>[^/]+(?:/[^/]+)??)")
    .replace(/\{([a-z]+)\}/gi, "(?<$1>[^/]+)");
  return new RegExp(`^${source}$`);
}

function decodeAll(groups: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, unescapePath(value)]));
}
