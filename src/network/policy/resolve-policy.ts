import type { Endpoint } from "../types.ts";
import type { PolicyPorts, PolicyRule } from "./policy-rule.ts";

/** A network in which nothing passes between containers but its flows, and the answers to them. */
export interface GovernedNetwork {
  readonly bridgeName: string;
  readonly members: readonly Endpoint[];
  readonly flows: readonly Flow[];
}

/** From one place to another, to these ports; undefined for everything. No two of a pair overlap. */
export interface Flow {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly ports: PolicyPorts | undefined;
}

/** Pure: what rules by names come to for the containers that are there. `named` finds the containers of a name, by id. */
export function resolvePolicy(
  rules: readonly PolicyRule[],
  members: readonly Endpoint[],
  named: (name: string) => readonly string[],
): readonly Flow[] {
  const places = (name: string): readonly Endpoint[] => {
    if (name === "*") return members;
    const ids = new Set(named(name));
    return members.filter(({ containerId }) => ids.has(containerId));
  };
  const pairs = new Map<string, Flow[]>();
  for (const { from, to, ports } of rules) {
    for (const source of places(from)) {
      for (const target of places(to)) {
        if (source === target) continue;
        const key = `${source.id}/${target.id}`;
        pairs.set(key, [...(pairs.get(key) ?? []), { from: source, to: target, ports }]);
      }
    }
  }
  return [...pairs.values()].flatMap(withoutOverlaps);
}

function withoutOverlaps(flows: readonly Flow[]): readonly Flow[] {
  const everything = flows.find(({ ports }) => ports === undefined);
  if (everything !== undefined) return [everything];
  const merged: { from: Endpoint; to: Endpoint; ports: PolicyPorts }[] = [];
  const sorted = flows
    .flatMap(({ from, to, ports }) => (ports === undefined ? [] : [{ from, to, ports }]))
    .toSorted((a, b) =>
      a.ports.protocol === b.ports.protocol
        ? a.ports.first - b.ports.first
        : a.ports.protocol < b.ports.protocol
          ? -1
          : 1,
    );
  for (const flow of sorted) {
    const before = merged.at(-1);
    if (before?.ports.protocol === flow.ports.protocol && flow.ports.first <= before.ports.last + 1) {
      merged[merged.length - 1] = {
        ...before,
        ports: { ...before.ports, last: Math.max(before.ports.last, flow.ports.last) },
      };
    } else merged.push(flow);
  }
  return merged;
}
