import { BerthError } from "#base/errors.ts";
import { bridgeSettings } from "#network/bridge/bridge-settings.ts";
import { formatPolicyRule, parsePolicyRule } from "#network/policy/policy-rule.ts";
import type { NetworkService } from "#network/types.ts";
import type { NetworkPolicy, NetworkPolicyChange } from "#spec/berth/network-policy.ts";

/** More would be a list that nobody reads, and a table that takes the kernel long to replace. */
const MOST_RULES = 1000;

/** `GET /berth/networks/{id}/policy`. */
export function networkPolicy(deps: { readonly networks: NetworkService }) {
  return async (nameOrId: string): Promise<NetworkPolicy> => {
    const { name, policy, options } = await deps.networks.find(nameOrId);
    return { Network: name, Enforced: policy.length > 0 || isIsolated(options), Rules: policy };
  };
}

/**
 * `POST /berth/networks/{id}/policy`: what its containers may open to one another from now on. `not-found` for a rule to be
 * taken away that is not there, `invalid-parameter` for what is no rule, `forbidden` where no policy can be kept.
 */
export function changeNetworkPolicy(deps: { readonly networks: NetworkService }) {
  const show = networkPolicy(deps);
  return async (nameOrId: string, { Allow, Remove }: NetworkPolicyChange): Promise<NetworkPolicy> => {
    const { id, name, policy } = await deps.networks.find(nameOrId);
    const remove = new Set((Remove ?? []).map(canonical));
    for (const rule of remove) {
      if (!policy.includes(rule)) throw new BerthError("not-found", `network ${name} has no policy ${rule}`);
    }
    const rules = [...new Set([...policy.filter((rule) => !remove.has(rule)), ...(Allow ?? []).map(canonical)])];
    if (rules.length > MOST_RULES) {
      throw new BerthError("invalid-parameter", `a network has at most ${MOST_RULES} policy rules`);
    }
    await deps.networks.setPolicy(id, rules.map(parsePolicyRule));
    return show(id);
  };
}

const canonical = (text: string): string => formatPolicyRule(parsePolicyRule(text));

function isIsolated(options: Readonly<Record<string, string>>): boolean {
  return bridgeSettings(options).isolated;
}
