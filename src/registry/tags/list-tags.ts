import type { RegistryContext } from "../context.ts";
import { findRepository } from "../repositories/repository.ts";

/** Part of a list in the order of its names, and where the next part begins when there is one. */
export interface NamePage {
  readonly names: readonly string[];
  readonly next: string | undefined;
}

/** Tags behind `after`, which need not exist. `NAME_UNKNOWN`. */
export function listTags(
  context: RegistryContext,
  repository: string,
  options: { readonly after: string; readonly limit: number },
): NamePage {
  const { id } = findRepository(context, repository);
  const found = context.tags.page(id, options.after, options.limit + 1).map(({ name }) => name);
  return pageOf(found, options.limit);
}

/** The first `limit` of what was looked up with one more. */
export function pageOf(found: readonly string[], limit: number): NamePage {
  const names = found.slice(0, limit);
  return { names, next: limit > 0 && found.length > limit ? names.at(-1) : undefined };
}
