import { pageInvalid } from "#registry/failure.ts";

/** The `n` of a request, at most `most`; `most` when it is not given. `PAGINATION_NUMBER_INVALID` for what is no count. */
export function pageLimit(query: URLSearchParams, most: number): number {
  const text = query.get("n");
  if (text === null || text === "") return most;
  if (!/^\d{1,15}$/.test(text)) throw pageInvalid(text);
  return Math.min(Number(text), most);
}
