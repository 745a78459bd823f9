import { fits } from "../access/rights.ts";
import type { RegistryContext } from "../context.ts";
import { denied } from "../failure.ts";
import { policiesOf } from "./policy.ts";

/**
 * Refuse to point a tag elsewhere, or (`digest` undefined) to delete it, where a policy says that it stays. `DENIED`.
 * Setting it the first time, and to what it is, is fine.
 */
export function checkTagMayMove(
  context: RegistryContext,
  repository: { readonly id: number; readonly name: string },
  tag: string,
  digest: string | undefined,
): void {
  const before = context.tags.find(repository.id, tag);
  if (before === undefined || before.digest === digest) return;
  const isFixed = policiesOf(context, repository.name).some(
    ({ rules }) => rules.immutable !== undefined && fits(rules.immutable, tag),
  );
  if (isFixed) throw denied(`the tag ${tag} is immutable: push under another one`);
}
