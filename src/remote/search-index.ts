import { BerthError } from "#base/errors.ts";
import { readText } from "./read-body.ts";
import type { RegistryConnection } from "./registry-connection.ts";

/** One line of a search, as an index tells it. */
export interface SearchHit {
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly isOfficial: boolean;
}

const MAX_ANSWER = 8 << 20;
const MAX_HITS = 100;

/** Whom a term is for: `localhost:5000/web` asks that registry for `web`, everything else the Hub. */
export function splitTerm(term: string): { readonly domain: string; readonly term: string } {
  const slash = term.indexOf("/");
  const first = slash < 0 ? "" : term.slice(0, slash);
  if (/[.:]/.test(first) || first === "localhost") return { domain: first, term: term.slice(slash + 1) };
  return { domain: "docker.io", term: term.replace(/^library\//, "") };
}

/**
 * Search an index by the first registry protocol's `GET /v1/search`, which the Hub and Berth's registry still answer.
 * docker-compat: the sentence about one that does not. `internal` for an answer that is none.
 */
export async function searchIndex(
  connection: RegistryConnection,
  query: { readonly term: string; readonly limit: number; readonly signal: AbortSignal },
): Promise<readonly SearchHit[]> {
  const parameters = new URLSearchParams({ q: query.term, n: String(query.limit) });
  const { answer } = await connection.get({
    path: `/v1/search?${parameters.toString()}`,
    headers: { "x-docker-token": "true" },
    signal: query.signal,
  });
  const text = await readText(answer, MAX_ANSWER);
  if (answer.status !== 200) throw new BerthError("internal", `Unexpected status code ${answer.status}`);
  return hits(text);
}

function hits(text: string): readonly SearchHit[] {
  let results: unknown;
  try {
    results = (JSON.parse(text) as { readonly results?: unknown } | null)?.results ?? [];
  } catch (cause) {
    throw new BerthError("internal", "the index's answer is no JSON", { cause });
  }
  if (!Array.isArray(results)) throw new BerthError("internal", "the index's answer has no list of results");
  return results.slice(0, MAX_HITS).flatMap((item: unknown): readonly SearchHit[] => {
    const { name, description, star_count: stars, is_official: isOfficial } = (item ?? {}) as Record<string, unknown>;
    if (typeof name !== "string") return [];
    return [
      {
        name,
        description: typeof description === "string" ? description : "",
        stars: typeof stars === "number" && Number.isFinite(stars) ? Math.trunc(stars) : 0,
        isOfficial: isOfficial === true,
      },
    ];
  });
}
