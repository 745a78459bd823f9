import { BerthError, invalid } from "#base/errors.ts";
import { binarySize, parseBytes } from "#base/units.ts";
import type { PolicyRules } from "../policies/rules.ts";
import { usedBytes } from "../policies/quota.ts";
import { applyRetention, planRetention } from "../policies/retention.ts";
import { audit } from "./audit.ts";
import { lines, required, table, type Fields, type Operation } from "./operation.ts";

/** Replaces the policy of the same pattern. */
export const setPolicy: Operation = (context, fields) => {
  const pattern = required(fields, "pattern");
  if (!/^[a-z0-9*._/-]{1,255}$/.test(pattern)) throw invalid(`invalid pattern ${JSON.stringify(pattern)}`);
  const quota = fields["quota"] ?? "";
  const rules: PolicyRules = {
    ...text(fields, "immutable"),
    ...count(fields, "keepLast"),
    ...count(fields, "keepDays"),
    ...text(fields, "keepTags"),
    ...count(fields, "untaggedDays"),
    ...(quota === "" ? {} : { quotaBytes: parseBytes(quota) }),
  };
  if (Object.keys(rules).length === 0) throw invalid("the policy says nothing: give it a rule");
  context.policies.put({ pattern, rules });
  audit(context, { action: "policy.set", target: `${pattern} ${JSON.stringify(rules)}` });
  return lines(pattern);
};

export const removePolicy: Operation = (context, fields) => {
  const pattern = required(fields, "pattern");
  if (!context.policies.delete(pattern)) throw new BerthError("not-found", `there is no policy for ${pattern}`);
  audit(context, { action: "policy.rm", target: pattern });
  return lines(pattern);
};

export const listPolicies: Operation = (context) =>
  table(
    ["REPOSITORIES", "IMMUTABLE", "KEEP LAST", "KEEP DAYS", "KEEP TAGS", "UNTAGGED DAYS", "QUOTA"],
    context.policies
      .list()
      .map(({ pattern, rules }) => [
        pattern,
        rules.immutable ?? "-",
        String(rules.keepLast ?? "-"),
        String(rules.keepDays ?? "-"),
        rules.keepTags ?? "-",
        String(rules.untaggedDays ?? "-"),
        rules.quotaBytes === undefined
          ? "-"
          : `${binarySize(usedBytes(context, pattern))} of ${binarySize(rules.quotaBytes)}`,
      ]),
  );

/** With `dry-run=true` only tells what would go. */
export const retention: Operation = (context, fields) => {
  const expired = planRetention(context);
  if (fields["dry-run"] !== "true") applyRetention(context, expired);
  return table(
    ["REPOSITORY", "REFERENCE", "WHY"],
    expired.map(({ repository, reference, why }) => [repository, reference, why]),
  );
};

function text(fields: Fields, name: "immutable" | "keepTags"): Readonly<Record<string, string>> {
  const value = fields[name] ?? "";
  if (value === "") return {};
  if (!/^[A-Za-z0-9_.*-]{1,128}$/.test(value)) throw invalid(`${JSON.stringify(value)} is no pattern for tags`);
  return { [name]: value };
}

function count(fields: Fields, name: "keepLast" | "keepDays" | "untaggedDays"): Readonly<Record<string, number>> {
  const value = fields[name] ?? "";
  if (value === "") return {};
  if (!/^\d{1,6}$/.test(value)) throw invalid(`${JSON.stringify(value)} is no number`);
  return { [name]: Number(value) };
}
