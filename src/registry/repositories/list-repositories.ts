import type { RegistryContext } from "../context.ts";
import { pageOf, type NamePage } from "../tags/list-tags.ts";

/** Names behind `after` that `mayPull`. */
export function listRepositories(
  context: RegistryContext,
  options: { readonly after: string; readonly limit: number; readonly mayPull: (name: string) => boolean },
): NamePage {
  const found: string[] = [];
  let after = options.after;
  while (found.length <= options.limit) {
    const rows = context.repositories.page(after, options.limit + 1);
    found.push(...rows.map(({ name }) => name).filter(options.mayPull));
    const last = rows.at(-1);
    if (last === undefined || rows.length <= options.limit) break;
    after = last.name;
  }
  return pageOf(found, options.limit);
}
