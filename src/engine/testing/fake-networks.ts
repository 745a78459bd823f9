import { BerthError } from "#base/errors.ts";
import type { Endpoint, NetworkInfo, NetworkService, Upstream } from "#network/types.ts";

/** What the fake keeps, for tests to look at and to set. */
export interface FakeNetworkState {
  /** By container id. */
  readonly endpoints: Map<string, readonly Endpoint[]>;
  /** As they were last set, by container id. */
  readonly upstreams: Map<string, readonly Upstream[]>;
  /** Thrown by the next reserve(). */
  networkFailure: BerthError | undefined;
}

/** The predefined networks and those that are created, without a kernel. */
export function fakeNetworks(state: FakeNetworkState): NetworkService {
  const { endpoints } = state;
  const info = (name: string, driver: NetworkInfo["driver"]): NetworkInfo => ({
    id: name.padEnd(64, "0"),
    name,
    driver,
    createdAt: "2026-01-01T00:00:00Z",
    predefined: true,
    ipv4: true,
    ipv6: false,
    pools:
      driver === "bridge"
        ? [{ subnet: "172.17.0.0/16", gateway: "172.17.0.1", ipRange: "", auxiliary: {}, asked: false }]
        : [],
    internal: false,
    attachable: false,
    ipamOptions: {},
    labels: {},
    configOnly: false,
    configFrom: "",
    bridgeName: driver === "bridge" ? "berth0" : "",
    options: {},
    policy: [],
  });
  const all = [info("bridge", "bridge"), info("host", "host"), info("none", "null")];
  const members = (networkId: string): readonly Endpoint[] =>
    [...endpoints.values()].flat().filter((endpoint) => endpoint.networkId === networkId);
  const named = (name: string): NetworkInfo => {
    const found = all.find((network) => network.name === name || network.id === name);
    if (found === undefined) throw new BerthError("not-found", `network ${name} not found`);
    return found;
  };
  return {
    reconcile: async (live) => {
      for (const id of endpoints.keys()) if (!live.some(({ containerId }) => containerId === id)) endpoints.delete(id);
    },
    list: async () => all,
    find: async (name) => named(name),
    create: async ({ name }) => {
      if (all.some((network) => network.name === name)) {
        throw new BerthError("already-exists", `network with name ${name} already exists`);
      }
      all.push({ ...info(name, "bridge"), predefined: false });
      return named(name);
    },
    remove: async (name) => {
      const network = named(name);
      if (members(network.id).length > 0) throw new BerthError("forbidden", `network ${name} has active endpoints`);
      all.splice(all.indexOf(network), 1);
      return network;
    },
    reserve: async ({ containerId, networkId, ports, aliases }) => {
      if (state.networkFailure !== undefined) {
        const failure = state.networkFailure;
        state.networkFailure = undefined;
        throw failure;
      }
      const endpoint: Endpoint = {
        id: String((endpoints.get(containerId) ?? []).length).padEnd(64, "e"),
        containerId,
        networkId,
        networkName: all.find(({ id }) => id === networkId)?.name ?? "",
        interfaceName: "eth0",
        ipv4: "172.17.0.2",
        prefixLength: 16,
        gateway: "172.17.0.1",
        directRoute: false,
        ipv6: "",
        ipv6PrefixLength: 0,
        ipv6Gateway: "",
        mac: "02:42:ac:11:00:02",
        aliases: aliases ?? [],
        gatewayPriority: 0,
        linkLocal: [],
        links: [],
        settings: [],
        ports: ports.map((port) => ({ ...port, hostIp: port.hostIp || "0.0.0.0", hostPort: port.hostPort || 32768 })),
      };
      endpoints.set(containerId, [...(endpoints.get(containerId) ?? []), endpoint]);
      return endpoint;
    },
    connect: async () => {},
    rename: async () => {},
    setRate: async () => {},
    setPolicy: async () => {},
    setUpstreams: async (id, upstreams) => void state.upstreams.set(id, upstreams),
    release: async (id) => void endpoints.delete(id),
    disconnect: async (id, networkId) => {
      endpoints.set(
        id,
        (endpoints.get(id) ?? []).filter((endpoint) => endpoint.networkId !== networkId),
      );
    },
    endpoints: async (id) => endpoints.get(id) ?? [],
    members: async (networkId) => members(networkId),
    close: async () => {},
  };
}
