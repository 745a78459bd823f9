import { binarySize } from "#base/units.ts";
import { fits } from "../access/rights.ts";
import type { RegistryContext } from "../context.ts";
import { denied } from "../failure.ts";
import { policiesOf } from "./policy.ts";

const PAGE = 10_000;

/** Refuse `moreBytes` where they would not fit into a quota, and everything where it is used up. `DENIED`. */
export function checkQuota(context: RegistryContext, repository: string, moreBytes: number): void {
  for (const { pattern, rules } of policiesOf(context, repository)) {
    const { quotaBytes } = rules;
    if (quotaBytes === undefined) continue;
    const used = usedBytes(context, pattern);
    if (used + moreBytes > quotaBytes || used >= quotaBytes)
      throw denied(`quota exceeded: ${binarySize(used)} of ${binarySize(quotaBytes)} are used by ${pattern}`);
  }
}

/** Bytes of all blobs of the repositories that fit, each counted once. */
export function usedBytes(context: RegistryContext, pattern: string): number {
  const ids: number[] = [];
  for (let after = ""; ;) {
    const page = context.repositories.page(after, PAGE);
    ids.push(...page.filter(({ name }) => fits(pattern, name)).map(({ id }) => id));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return context.blobs.bytesOf(ids);
    after = last.name;
  }
}
