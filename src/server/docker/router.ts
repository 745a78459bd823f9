import { BerthError } from "#base/errors.ts";
import type { Route } from "./call.ts";
import { unescapePath } from "./clean-path.ts";

interface Compiled {
  readonly route: Route;
  readonly expression: RegExp;
  /** Of every path that it matches. */
  readonly ending: string;
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
      compiled.push({ route, expression: compile(route.pattern), ending: endingOf(route.pattern) });
      this.#byBeginning.set(beginning, compiled);
    }
  }

  /** `not-found` "page not found" when there is none; `invalid-parameter` for a path with bad escapes. */
  find(method: string, path: string): { readonly route: Route; readonly params: Readonly<Record<string, string>> } {
    const found = this.#among(beginningOf(method, path), path) ?? this.#among(method, path);
    if (found === undefined) throw new BerthError("not-found", "page not found");
    return found;
  }

  #among(beginning: string, path: string): ReturnType<Router["find"]> | undefined {
    for (const { route, expression, ending } of this.#byBeginning.get(beginning) ?? []) {
      // Most routes of a kind of object differ in their last word.
      const match = path.endsWith(ending) ? expression.exec(path) : null;
      if (match !== null) return { route, params: decodeAll(match.groups ?? {}) };
    }
    return undefined;
  }
}

function beginningOf(method: string, path: string): string {
  const end = path.indexOf("/", 1);
  const word = end < 0 ? path : path.slice(0, end);
  return word.startsWith("/{") ? method : `${method} ${word}`;
}

const endingOf = (pattern: string): string => pattern.slice(pattern.lastIndexOf("}") + 1);

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
  const decoded: Record<string, string> = {};
  for (const name in groups) decoded[name] = unescapePath(groups[name] ?? "");
  return decoded;
}
