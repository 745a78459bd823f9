import { BerthError, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import type { NetworkCatalog } from "../catalog.ts";
import type { NetworkDriver, NetworkPlace, Place } from "../driver.ts";
import { poolsOf } from "../ipam/choose-subnet.ts";
import { NetworkPools } from "../ipam/network-pools.ts";
import { addressBytes, familyOf, parseCidr } from "../ipam/subnet.ts";
import type { NetworkOptions } from "../network-options.ts";
import { emptySpec, noGuard, type ForwardingGuard, type Network, type NetworkSpec } from "../network-rows.ts";
import type { GovernedNetwork } from "../policy/resolve-policy.ts";
import { HostPorts, type PortHolder } from "../ports/host-ports.ts";
import type { Endpoint, EndpointRequest, NetworkInfo, NetworkRequest, Resident } from "../types.ts";
import { bridgeSettings } from "./bridge-settings.ts";
import { putDefaultNetwork } from "./default-network.ts";
import { HostSide, type Connected, type HostNetwork } from "./host-side.ts";
import { planBridge } from "./plan-bridge.ts";
import { reserveEndpoint } from "./reserve-endpoint.ts";
import { readNetSysctl } from "./sysctl.ts";

export interface BridgeDriverDeps {
  readonly catalog: NetworkCatalog;
  readonly holder: PortHolder;
  readonly log: Log;
  readonly options: NetworkOptions;
}

/** The default network and those that people make: bridges on the host, with published ports. */
export class BridgeDriver implements NetworkDriver {
  readonly name = "bridge";
  readonly #catalog: NetworkCatalog;
  readonly #holder: PortHolder;
  readonly #log: Log;
  readonly #options: NetworkOptions;
  readonly #pools = new NetworkPools();
  #host: HostSide | undefined;
  #ports: HostPorts | undefined;

  constructor(deps: BridgeDriverDeps) {
    this.#catalog = deps.catalog;
    this.#holder = deps.holder;
    this.#log = deps.log;
    this.#options = deps.options;
  }

  plan(id: string, request: NetworkRequest, networks: readonly NetworkInfo[]): NetworkSpec {
    return planBridge(id, request, { networks, pools: poolsOf(this.#options), ...this.#openHost().surroundings() });
  }

  restore(live: readonly Place[]): void {
    if (this.#options.bridge === "none") this.#catalog.remove("bridge");
    if (this.#options.bridge === "none" && this.#networks().length === 0) return;
    try {
      this.#setUp(live);
    } catch (error) {
      const kind = error instanceof BerthError && error.kind !== "internal" ? error.kind : "unavailable";
      throw new BerthError(kind, `cannot set up the default network: ${messageOf(error)}`, {
        cause: error,
        hint: "It needs CAP_NET_ADMIN and a kernel with bridge, veth and nf_tables. Without a default network: --bridge=none.",
      });
    }
  }

  create(network: Network): void {
    // Without a default network nothing was set up so far.
    if (this.#ports === undefined) this.#setUp([]);
    this.#pools.open(network, []);
    try {
      this.#openHost().add(hostNetwork(network));
    } catch (error) {
      this.#pools.close(network.id);
      throw error;
    }
  }

  remove(network: Network): void {
    this.#required(this.#host).remove(network.spec.bridgeName);
    this.#pools.close(network.id);
  }

  reserve(network: Network, request: EndpointRequest & Resident, others: readonly Endpoint[]): Endpoint {
    const ports = this.#required(this.#ports);
    const firewall = this.#options.firewall ?? "engine";
    return reserveEndpoint({ pools: this.#pools, ports, firewall, log: this.#log }, network, request, others);
  }

  giveBack(endpoint: Endpoint): void {
    this.#ports?.release(endpoint.id);
    this.#pools.giveBack(endpoint);
  }

  connect(places: readonly NetworkPlace[]): void {
    this.#required(this.#host).attach(
      places.map(({ network, ...place }) => ({ ...place, bridgeName: network.spec.bridgeName })),
    );
  }

  disconnect(endpoint: Endpoint): void {
    this.#required(this.#host).detachNow(endpoint);
  }

  release(endpoint: Endpoint): void {
    this.#host?.detach(endpoint);
  }

  limit({ endpoint, networkNamespace }: Place): void {
    this.#required(this.#host).limit(endpoint, networkNamespace);
  }

  govern(networks: readonly GovernedNetwork[]): void {
    this.#host?.govern(networks);
  }

  close(idle: boolean): void {
    const host = this.#host;
    this.#host = undefined;
    this.#ports?.releaseAll();
    this.#ports = undefined;
    if (host === undefined) return;
    try {
      if (idle) host.tearDown();
    } finally {
      host.close();
    }
  }

  #setUp(live: readonly Place[]): void {
    const host = this.#openHost();
    const ids = new Set(this.#networks().map(({ id }) => id));
    const places = live.filter(({ endpoint }) => ids.has(endpoint.networkId));
    const endpoints = places.map(({ endpoint }) => endpoint);
    const made = this.#networks().filter(({ spec }) => !spec.predefined);
    if (this.#options.bridge !== "none")
      putDefaultNetwork({ catalog: this.#catalog, options: this.#options, host }, endpoints, made);
    const networks = this.#networks();
    for (const network of networks) this.#pools.open(network, endpoints);
    this.#restorePorts(endpoints);
    host.setUp(networks.map(hostNetwork), endpoints);
    host.repairLinks(places.map((place) => this.#connected(place)));
  }

  #networks(): readonly Network[] {
    return this.#catalog.rows().filter(({ spec }) => spec.driver === "bridge");
  }

  #connected(place: Place): Connected {
    return { ...place, bridgeName: this.#catalog.find(place.endpoint.networkId).spec.bridgeName };
  }

  #restorePorts(endpoints: readonly Endpoint[]): void {
    if (this.#ports !== undefined) return;
    const [first = 32768, last = 60999] = readNetSysctl("ipv4/ip_local_port_range").split(/\s+/).map(Number);
    this.#ports = new HostPorts({ holder: this.#holder, ephemeral: { first, last } });
    for (const endpoint of endpoints) {
      const held = endpoint.ports
        .filter((port) => port.hostPort !== 0)
        .map((port) => ({
          ...port,
          target: familyOf(port.hostIp) === 6 ? endpoint.ipv6 || endpoint.ipv4 : endpoint.ipv4,
        }));
      for (const port of this.#ports.restore(endpoint.id, held)) {
        this.#log.warn("another program has taken a published port; packets still go to the container", {
          container: endpoint.containerId,
          port: `${port.hostIp}:${port.hostPort}/${port.protocol}`,
        });
      }
    }
  }

  #openHost(): HostSide {
    const guards = {
      load: () => this.#catalog.get("host")?.spec.guard ?? noGuard,
      save: (guard: ForwardingGuard) => void this.#catalog.put("host", { ...emptySpec, driver: "host", guard }),
    };
    this.#host ??= new HostSide({ options: this.#options, log: this.#log, guards });
    return this.#host;
  }

  #required<T>(part: T | undefined): T {
    if (part === undefined) throw new BerthError("internal", "the networks are used before reconcile or after close");
    return part;
  }
}

function hostNetwork({ spec }: Network): HostNetwork {
  const settings = bridgeSettings(spec.options);
  const families = spec.pools.map((pool) => ({ pool, family: familyOf(pool.subnet), ...parseCidr(pool.subnet) }));
  const [first] = spec.pools;
  return {
    bridgeName: spec.bridgeName,
    ownsBridge: spec.ownsBridge,
    internal: spec.internal,
    mtu: settings.mtu,
    interContainer: settings.interContainer,
    trusted: settings.trusted,
    addresses: families
      .filter(({ family }) => settings.modes[family] !== "isolated" && !(family === 4 && settings.inhibitIpv4))
      .map(({ pool, subnet }) => `${pool.gateway}/${subnet.prefixLength}`),
    mac: Uint8Array.of(0x02, 0x42, ...addressBytes(first?.gateway ?? "0.0.0.0").subarray(-4)),
    subnets: families.map(({ pool, family }) => ({
      subnet: pool.subnet,
      mode: settings.modes[family],
      masquerade: settings.masquerade,
      source: settings.sources[family],
    })),
  };
}
