import { BerthError } from "#base/errors.ts";
import type { Route } from "./call.ts";
import { unescapePath } from "./clean-path.ts";

interface Compiled {
  readonly route: Route;
  readonly expression: RegExp;
}

/**
 * Finds the route of a request. Of those with the path's first word, and then of those with any, the first in the order
 * of the table.
 */
export class Router {
  readonly #byBeginning = new Map<string, Compiled[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const beginning = beginningOf(route.method, route.pattern);
      const compiled = this.#byBeginning.get(beginning) ?? [];
      compiled.push({ route, expression: compile(route.pattern) });
      this.#byBeginning.set(beginning, compiled);
    }
  }

  /** `not-found` "page not found" when there is none; `invalid-parameter` for a path with bad escapes. */
  find(method: string, path: string): { readonly route: Route; readonly params: Readonly<Record<string, string>> } {
    const named = this.#byBeginning.get(beginningOf(method, path)) ?? [];
    for (const { route, expression } of [...named, ...(this.#byBeginning.get(method) ?? [])]) {
      const match = expression.exec(path);
      if (match !== null) return { route, params: decodeAll(match.groups ?? {}) };
    }
    throw new BerthError("not-found", "page not found");
  }
}

function beginningOf(method: string, path: string): string {
  const end = path.indexOf("/", 1);
  const word = end < 0 ? path : path.slice(0, end);
  return word.startsWith("/{") ? method : `${method} ${word}`;
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
