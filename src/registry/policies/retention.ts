import { messageOf } from "#base/errors.ts";
import { fits } from "../access/rights.ts";
import type { RegistryContext } from "../context.ts";
import type { RepositoryRow } from "../database/repository-rows.ts";
import { deleteManifest } from "../manifests/delete-manifest.ts";
import { policiesOf } from "./policy.ts";
import type { PolicyRules } from "./rules.ts";

/** Something that retention takes away, and why. */
export interface Expired {
  readonly repository: string;
  /** A tag, or the digest of a manifest without one. */
  readonly reference: string;
  readonly why: string;
}

const DAY_MS = 24 * 3_600_000;
const PAGE = 1000;

/**
 * What the policies would take away now, and nothing else is done. Where several are for one repository the longest
 * pattern counts. A tag stays when any of its policy's `keep` rules says so; immutable ones stay in any case. A manifest
 * without a tag stays while an index or a subject that stays needs it.
 */
export function planRetention(context: RegistryContext): readonly Expired[] {
  const expired: Expired[] = [];
  for (let after = ""; ;) {
    const page = context.repositories.page(after, PAGE);
    for (const repository of page) {
      const [policy] = policiesOf(context, repository.name).toSorted((a, b) => b.pattern.length - a.pattern.length);
      if (policy !== undefined) expired.push(...expiredIn(context, repository, policy.rules));
    }
    const last = page.at(-1);
    if (last === undefined) return expired;
    after = last.name;
  }
}

/** Delete what was planned; it can be brought back for the undelete window. How much there was. */
export function applyRetention(context: RegistryContext, expired: readonly Expired[]): number {
  let deleted = 0;
  for (const { repository, reference } of expired) {
    try {
      deleteManifest(context, repository, reference, { name: "retention" });
      deleted += 1;
    } catch (error) {
      context.log.warn("retention left something", { repository, reference, error: messageOf(error) });
    }
  }
  return deleted;
}

function expiredIn(context: RegistryContext, repository: RepositoryRow, rules: PolicyRules): readonly Expired[] {
  const tags = expiredTags(context, repository, rules);
  return [...tags, ...expiredManifests(context, repository, rules)];
}

function expiredTags(context: RegistryContext, { id, name }: RepositoryRow, rules: PolicyRules): readonly Expired[] {
  const { keepLast, keepDays, keepTags, immutable } = rules;
  if (keepLast === undefined && keepDays === undefined) return [];
  const since = context.now() - (keepDays ?? 0) * DAY_MS;
  return context.tags
    .page(id, "", Number.MAX_SAFE_INTEGER)
    .toSorted((a, b) => b.updatedAtMs - a.updatedAtMs || (a.name < b.name ? -1 : 1))
    .filter(({ name: tag, updatedAtMs }, newer) => {
      const isNamed = [keepTags, immutable].some((pattern) => pattern !== undefined && fits(pattern, tag));
      return !isNamed && !(newer < (keepLast ?? 0)) && !(keepDays !== undefined && updatedAtMs >= since);
    })
    .map(({ name: tag }) => ({
      repository: name,
      reference: tag,
      why: "neither new enough nor to be kept by its name",
    }));
}

function expiredManifests(
  context: RegistryContext,
  { id, name }: RepositoryRow,
  { untaggedDays }: PolicyRules,
): readonly Expired[] {
  if (untaggedDays === undefined) return [];
  const since = context.now() - untaggedDays * DAY_MS;
  const manifests = context.manifests.list(id);
  const digests = new Set(manifests.map(({ digest }) => digest));
  const needed = new Set(manifests.flatMap(({ digest }) => context.manifests.parts(id, digest)));
  return manifests
    .filter(
      ({ digest, subject, pushedAtMs }) =>
        pushedAtMs < since &&
        !needed.has(digest) &&
        !(subject !== undefined && digests.has(subject)) &&
        context.tags.of(id, digest).length === 0,
    )
    .map(({ digest }) => ({ repository: name, reference: digest, why: "no tag for too long" }));
}
