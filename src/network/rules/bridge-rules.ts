import { CT_STATUS_DNAT, type Expression } from "#host/nftables/expression.ts";
import { ctStatus, iifname, ipIn, isIp, loadProtocol, oifname, verdict } from "#host/nftables/rule.ts";
import type { GatewayMode } from "../bridge/bridge-settings.ts";
import { addressBytes, familyOf, type IpFamily } from "../ipam/subnet.ts";

/** What the rules of one bridge network depend on. */
export interface BridgeRules {
  readonly bridgeName: string;
  /** Containers of the bridge reach each other. */
  readonly interContainer: boolean;
  /** Nothing leaves the bridge and nothing comes in, but from and to the host itself. */
  readonly internal: boolean;
  /** Interfaces of the host from which all ports are reached. */
  readonly trusted: readonly string[];
  readonly subnets: readonly SubnetRules[];
}

export interface SubnetRules {
  /** CIDR. */
  readonly subnet: string;
  readonly mode: GatewayMode;
  /** Source addresses are rewritten on the way out. */
  readonly masquerade: boolean;
  /** To this address; "" for that of the interface where packets leave. */
  readonly source: string;
}

/** A rule's chain and the parts it is made of. */
export type Rule = readonly [chain: string, ...parts: readonly (readonly Expression[])[]];

const loopback = { 4: "127.0.0.0/8", 6: "::1/128" } as const;
const icmp = { 4: 1, 6: 58 } as const;

/** Of families that are not in `filtered`, none. */
export function postroutingRules({ bridgeName, subnets }: BridgeRules, filtered: readonly IpFamily[]): Rule[] {
  return subnets
    .filter(({ subnet, mode }) => filtered.includes(familyOf(subnet)) && (mode === "nat" || mode === "nat-unprotected"))
    .flatMap(({ subnet, masquerade, source }) => {
      const family = familyOf(subnet);
      const from = [...isIp(family), ...ipIn("saddr", subnet)];
      const rules: Rule[] = [
        ["postrouting", oifname(bridgeName), isIp(family), ipIn("saddr", loopback[family]), [{ kind: "masquerade" }]],
        ["postrouting", oifname(bridgeName), from, ctStatus(CT_STATUS_DNAT), [{ kind: "masquerade" }]],
      ];
      if (masquerade) rules.push(["postrouting", from, oifname(bridgeName, "neq"), rewriteSource(family, source)]);
      return rules;
    });
}

export function internalRules({ bridgeName }: BridgeRules): Rule[] {
  return [
    ["forward", iifname(bridgeName), oifname(bridgeName, "neq"), verdict("drop")],
    ["forward", oifname(bridgeName), iifname(bridgeName, "neq"), verdict("drop")],
  ];
}

/** Who comes in besides answers and what is published. */
export function intoBridgeRules({ bridgeName, interContainer, trusted, subnets }: BridgeRules): Rule[] {
  return [
    ...(interContainer ? [["into_bridge", iifname(bridgeName), oifname(bridgeName), verdict("accept")] as const] : []),
    ...trusted.map((name): Rule => ["into_bridge", iifname(name), oifname(bridgeName), verdict("accept")]),
    ...subnets.flatMap(({ subnet, mode }): Rule[] => {
      const to = [...oifname(bridgeName), ...iifname(bridgeName, "neq"), ...isIp(familyOf(subnet))];
      if (mode === "nat-unprotected") return [["into_bridge", to, verdict("accept")]];
      // docker-compat: who may reach a container at its own address can also ping it.
      return mode === "routed" ? [["into_bridge", to, isIcmp(familyOf(subnet)), verdict("accept")]] : [];
    }),
  ];
}

function isIcmp(family: IpFamily): Expression[] {
  return [loadProtocol(0), { kind: "cmp", slot: 0, op: "eq", value: Uint8Array.of(icmp[family]) }];
}

function rewriteSource(family: IpFamily, source: string): Expression[] {
  if (source === "") return [{ kind: "masquerade" }];
  return [
    { kind: "immediate", into: 0, value: addressBytes(source) },
    { kind: "snat", family: family === 4 ? "ip" : "ip6", address: 0 },
  ];
}
