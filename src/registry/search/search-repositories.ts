import type { RegistryContext } from "../context.ts";
import { repositoryFrom, type RepositoryRow } from "../database/repository-rows.ts";

export interface Found {
  /** How many there are in all. */
  readonly count: number;
  readonly repositories: readonly RepositoryRow[];
}

const MOST_WORDS = 6;

/**
 * Repositories whose name or description has every word of `query` (all of them for an empty one), the best first: the
 * name itself, the end of a name, the beginning of one of its parts, somewhere in the name, in the description; then the
 * most pulled. Only those that `mayPull`.
 */
export function searchRepositories(
  context: RegistryContext,
  query: string,
  options: { readonly skip: number; readonly limit: number; readonly mayPull: (name: string) => boolean },
): Found {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const rows = context.database
    .prepare(sqlFor(Math.min(words.length, MOST_WORDS)))
    .all(words[0] ?? "", ...words.slice(1, MOST_WORDS))
    .map(repositoryFrom)
    .filter(({ name }) => options.mayPull(name));
  return { count: rows.length, repositories: rows.slice(options.skip, options.skip + options.limit) };
}

/** The statement for so many words; the first one ranks. */
function sqlFor(words: number): string {
  const has = (at: number): string => `(instr(name, ?${at}) > 0 OR instr(lower(description), ?${at}) > 0)`;
  const conditions = Array.from({ length: Math.max(1, words) }, (_, index) => has(index + 1)).join(" AND ");
  return `SELECT * FROM repositories WHERE ${conditions} ORDER BY CASE
    WHEN name = ?1 THEN 0
    WHEN substr(name, -length(?1) - 1) = '/' || ?1 THEN 1
    WHEN substr(name, 1, length(?1)) = ?1 OR instr(name, '/' || ?1) > 0 THEN 2
    WHEN instr(name, ?1) > 0 THEN 3 ELSE 4 END, pulls DESC, name`;
}
