import { listAudit } from "./audit.ts";
import { collect, describeRepository, history, scrubAll, undelete } from "./content.ts";
import { addGrant, listGrants, removeGrant } from "./grants.ts";
import type { Operation } from "./operation.ts";
import { listPolicies, removePolicy, retention, setPolicy } from "./policies.ts";
import { dropDeliveries, listDeliveries, retryDeliveries } from "./webhooks.ts";
import { createToken, listTokens, removeToken } from "./tokens.ts";
import { listUsers, putUser, removeUser } from "./users.ts";

/** Everything an administrator can do, by name. */
export const operations: Readonly<Record<string, Operation>> = {
  "user-put": putUser,
  "user-rm": removeUser,
  "user-ls": listUsers,
  "token-create": createToken,
  "token-ls": listTokens,
  "token-rm": removeToken,
  "grant-add": addGrant,
  "grant-rm": removeGrant,
  "grant-ls": listGrants,
  audit: listAudit,
  gc: collect,
  scrub: scrubAll,
  undelete,
  history,
  describe: describeRepository,
  "policy-set": setPolicy,
  "policy-rm": removePolicy,
  "policy-ls": listPolicies,
  retention,
  "webhook-ls": listDeliveries,
  "webhook-retry": retryDeliveries,
  "webhook-rm": dropDeliveries,
};
