import { invalid } from "#base/errors.ts";
import { EVERY_USER, EVERYONE } from "../access/rights.ts";
import { audit } from "./audit.ts";
import { lines, required, table, type Operation } from "./operation.ts";
import { parseActions } from "./tokens.ts";
import { noUser } from "./users.ts";

/** Gives `who` rights on all repositories that fit `pattern`, instead of those it had on the same pattern. */
export const addGrant: Operation = (context, fields) => {
  const [who, pattern] = [required(fields, "who"), required(fields, "pattern")];
  if (who !== EVERYONE && who !== EVERY_USER && context.accounts.user(who) === undefined) throw noUser(who);
  if (!/^[a-z0-9*._/-]{1,255}$/.test(pattern)) throw invalid(`invalid pattern ${JSON.stringify(pattern)}`);
  const actions = parseActions(required(fields, "actions"));
  context.accounts.putGrant({ who, pattern, actions });
  audit(context, { action: "grant.add", target: `${who} ${pattern} ${actions.join(",")}` });
  return lines(`${who}: ${actions.join(",")} on ${pattern}`);
};

export const removeGrant: Operation = (context, fields) => {
  const [who, pattern] = [required(fields, "who"), required(fields, "pattern")];
  context.accounts.putGrant({ who, pattern, actions: [] });
  audit(context, { action: "grant.rm", target: `${who} ${pattern}` });
  return lines(`${who}: nothing on ${pattern}`);
};

export const listGrants: Operation = (context) =>
  table(
    ["WHO", "REPOSITORIES", "RIGHTS"],
    context.accounts.grants().map(({ who, pattern, actions }) => [who, pattern, actions.join(",")]),
  );
