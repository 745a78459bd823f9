import { fits } from "../access/rights.ts";
import type { RegistryContext } from "../context.ts";
import type { Policy } from "./rules.ts";

/** The policies that are for a repository. */
export function policiesOf(context: RegistryContext, repository: string): readonly Policy[] {
  return context.policies.list().filter(({ pattern }) => fits(pattern, repository));
}
