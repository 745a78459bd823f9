import { BerthError } from "#base/errors.ts";
import type { AuthConfig } from "#spec/docker/auth.ts";
import { booleanFilter, type Filters } from "#spec/docker/filters.ts";
import type { SearchResult } from "#spec/docker/image.ts";
import type { Registries } from "../registry-ports.ts";

export const searchFilterKeys = ["is-automated", "is-official", "stars"] as const;

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 100;

/**
 * `GET /images/search`. `invalid-parameter` in Docker's words for limits and filters. docker-compat: nothing counts as
 * built automatically any more.
 */
export function searchImages(deps: { readonly registries: Registries }) {
  return async (request: {
    readonly term: string;
    /** 0 = 25. */
    readonly limit: number;
    readonly filters: Filters;
    readonly auth: AuthConfig | undefined;
    readonly signal: AbortSignal;
  }): Promise<readonly SearchResult[]> => {
    const { filters, auth, signal } = request;
    const limit = request.limit === 0 ? DEFAULT_LIMIT : request.limit;
    if (limit < 1 || limit > MAX_LIMIT) {
      throw new BerthError("invalid-parameter", `limit ${limit} is outside the range of [1, ${MAX_LIMIT}]`);
    }
    if (request.term.includes("://"))
      throw new BerthError(
        "invalid-parameter",
        `invalid repository name: repository name (${request.term}) should not have a scheme`,
      );
    const official = filters.has("is-official") ? booleanFilter(filters, "is-official", false) : undefined;
    const automated = filters.has("is-automated") && booleanFilter(filters, "is-automated", false);
    const stars = Math.max(0, ...[...(filters.get("stars") ?? [])].map(starCount));
    const hits = await deps.registries.search(request.term, { limit, auth, signal });
    return hits
      .filter((hit) => !automated && (official === undefined || hit.isOfficial === official) && hit.stars >= stars)
      .map((hit) => ({
        star_count: hit.stars,
        is_official: hit.isOfficial,
        name: hit.name,
        is_automated: false,
        description: hit.description,
      }));
  };
}

function starCount(text: string): number {
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text);
  const why = `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw new BerthError("invalid-parameter", `invalid filter 'stars=${text}': ${why}`);
}
