import { BerthError } from "#base/errors.ts";
import { randomId } from "#base/ids.ts";
import type { NetworkRate } from "#base/network-rate.ts";
import type { Log } from "#base/log.ts";
import { BridgeDriver } from "./bridge/bridge-driver.ts";
import { infoOf, NetworkCatalog } from "./catalog.ts";
import { defaultRouteOf } from "./default-route.ts";
import { NameServers } from "./dns/name-servers.ts";
import type { NetworkDriver, NetworkPlace, Place } from "./driver.ts";
import { HostDriver } from "./host/host-driver.ts";
import type { NetworkOptions } from "./network-options.ts";
import type { Network, NetworkRows } from "./network-rows.ts";
import { NoneDriver } from "./none/none-driver.ts";
import { ParentDriver } from "./parent/parent-driver.ts";
import { formatPolicyRule, parsePolicyRule, type PolicyRule } from "./policy/policy-rule.ts";
import { isGoverned, refusePolicy } from "./policy/governed.ts";
import { resolvePolicy, type GovernedNetwork } from "./policy/resolve-policy.ts";
import { planNetwork } from "./plan-network.ts";
import type { PortHolder } from "./ports/host-ports.ts";
import { setDefaultRoute } from "./sandbox/interface.ts";
import type {
  Endpoint,
  EndpointRequest,
  LiveContainer,
  NetworkInfo,
  NetworkRequest,
  NetworkService,
  Resident,
  Upstream,
} from "./types.ts";

export interface LocalNetworksDeps {
  readonly rows: NetworkRows;
  readonly holder: PortHolder;
  readonly log: Log;
  readonly now: () => Date;
  readonly options: NetworkOptions;
}

/**
 * The networks of this machine: rows of networks and of containers' places in them, names, and a driver for each kind. Every
 * method does its work without giving up the thread, so none sees another's half-done state; rows are written before
 * the kernel is touched and removed after.
 */
export class LocalNetworks implements NetworkService {
  readonly #rows: NetworkRows;
  readonly #catalog: NetworkCatalog;
  readonly #drivers: readonly NetworkDriver[];
  /** By container id. */
  readonly #endpoints = new Map<string, readonly Endpoint[]>();
  readonly #names: NameServers;

  constructor(deps: LocalNetworksDeps) {
    const { holder, log, options } = deps;
    const catalog = new NetworkCatalog({ rows: deps.rows, now: deps.now });
    this.#rows = deps.rows;
    this.#catalog = catalog;
    // In the order in which their predefined networks are listed.
    this.#drivers = [
      new BridgeDriver({ catalog, holder, log, options }),
      new HostDriver({ catalog }),
      new NoneDriver({ catalog }),
      new ParentDriver({ name: "macvlan", catalog, log, options }),
      new ParentDriver({ name: "ipvlan", catalog, log, options }),
    ];
    this.#names = new NameServers({ log, leadsOut: (containerId) => this.#leadsOut(containerId) });
  }

  async reconcile(live: readonly LiveContainer[]): Promise<void> {
    this.#catalog.load();
    const namespaces = new Map(live.map((container) => [container.containerId, container.networkNamespace]));
    this.#loadEndpoints(namespaces);
    const places = [...this.#endpoints.values()]
      .flat()
      .map((endpoint) => this.#placeOf(endpoint, namespaces.get(endpoint.containerId) ?? ""));
    for (const driver of this.#drivers) driver.restore(places);
    this.#restoreNames(live);
    this.#govern();
  }

  async create(request: NetworkRequest): Promise<NetworkInfo> {
    const id = randomId();
    const spec = planNetwork(id, request, this.#catalog.list(), this.#drivers);
    const network = this.#catalog.add(id, request.name, spec);
    try {
      if (!spec.configOnly) this.#driverOf(network).create(network);
    } catch (error) {
      this.#catalog.remove(network.name);
      throw error;
    }
    return this.find(id);
  }

  async remove(nameOrId: string): Promise<NetworkInfo> {
    const row = this.#catalog.find(nameOrId);
    const info = await this.find(row.id);
    if (row.spec.predefined) {
      throw new BerthError("forbidden", `${row.name} is a pre-defined network and cannot be removed`);
    }
    if (this.#catalog.list().some((network) => row.spec.configOnly && network.configFrom === row.name)) {
      throw new BerthError("forbidden", `error while removing network: configuration network "${row.name}" is in use`);
    }
    const members = await this.members(row.id);
    if (members.length > 0) {
      throw new BerthError(
        "forbidden",
        `error while removing network: network ${row.name} id ${row.id} has active endpoints`,
      );
    }
    if (!row.spec.configOnly) this.#driverOf(row).remove(row);
    this.#catalog.remove(row.name);
    this.#governAgain(row);
    return info;
  }

  async list(): Promise<readonly NetworkInfo[]> {
    return this.#catalog.list();
  }

  async find(nameOrId: string): Promise<NetworkInfo> {
    return infoOf(this.#catalog.find(nameOrId));
  }

  async reserve(request: EndpointRequest & Resident): Promise<Endpoint> {
    const network = this.#catalog.find(request.networkId);
    const others = this.#endpoints.get(request.containerId) ?? [];
    if (others.some((endpoint) => endpoint.networkId === network.id)) {
      throw new BerthError(
        "already-exists",
        `endpoint with name ${request.containerName} already exists in network ${network.name}`,
      );
    }
    if (network.spec.configOnly) {
      throw new BerthError("forbidden", `configuration-only network ${network.name} cannot be used`);
    }
    const driver = this.#driverOf(network);
    if (request.rate !== undefined && driver.limit === undefined) throw noRate(network);
    const endpoint = driver.reserve(network, request, others);
    try {
      const { networkId, containerId, ipv4 } = endpoint;
      this.#rows.insertEndpoint({ networkId, containerId, ipv4, spec: endpoint });
    } catch (error) {
      driver.giveBack(endpoint);
      throw error;
    }
    this.#endpoints.set(request.containerId, [...others, endpoint]);
    if (isNamed(network)) this.#names.join(endpoint, request);
    this.#governAgain(network);
    return endpoint;
  }

  async connect(endpoints: readonly Endpoint[], networkNamespace: string): Promise<void> {
    const places = endpoints.map((endpoint) => ({
      ...this.#placeOf(endpoint, networkNamespace),
      network: this.#catalog.find(endpoint.networkId),
    }));
    const named = places.find(({ network }) => isNamed(network));
    try {
      for (const [driver, own] of this.#byDriver(places)) driver.connect(own);
      if (named !== undefined) this.#names.serve(named.endpoint.containerId, networkNamespace);
    } catch (error) {
      for (const { network, endpoint } of places) this.#driverOf(network).disconnect(endpoint);
      throw error;
    }
  }

  async disconnect(containerId: string, networkId: string, networkNamespace: string): Promise<void> {
    const all = this.#endpoints.get(containerId) ?? [];
    const endpoint = all.find((one) => one.networkId === networkId);
    if (endpoint === undefined) return;
    const left = all.filter((one) => one !== endpoint);
    this.#driverOfEndpoint(endpoint).disconnect(endpoint);
    this.#drop(endpoint);
    this.#names.leave(containerId, networkId);
    if (left.length === 0) this.#endpoints.delete(containerId);
    else this.#endpoints.set(containerId, left);
    this.#governAgain(this.#catalog.find(networkId));
    for (const family of [4, 6] as const) {
      const next = defaultRouteOf(left, family);
      if (next !== undefined && defaultRouteOf(all, family) === endpoint)
        setDefaultRoute(networkNamespace, next, family);
    }
  }

  async setRate(containerId: string, rate: NetworkRate | undefined, networkNamespace: string): Promise<void> {
    const before = this.#endpoints.get(containerId) ?? [];
    const driven = before.map((endpoint) => ({
      endpoint: { ...endpoint, rate },
      driver: this.#driverOfEndpoint(endpoint),
    }));
    const without = driven.find(({ driver }) => driver.limit === undefined);
    if (without !== undefined) throw noRate(this.#catalog.find(without.endpoint.networkId));
    this.#endpoints.set(
      containerId,
      driven.map(({ endpoint }) => endpoint),
    );
    for (const { endpoint, driver } of driven) {
      driver.limit?.(this.#placeOf(endpoint, networkNamespace));
      this.#rows.updateEndpoint(containerId, endpoint.networkId, endpoint);
    }
  }

  async setPolicy(nameOrId: string, rules: readonly PolicyRule[]): Promise<void> {
    const network = this.#catalog.find(nameOrId);
    refusePolicy(network);
    this.#catalog.put(network.name, { ...network.spec, policy: rules.map(formatPolicyRule) });
    this.#govern();
  }

  async setUpstreams(containerId: string, upstreams: readonly Upstream[]): Promise<void> {
    this.#names.setUpstreams(containerId, upstreams);
  }

  async rename(containerId: string, containerName: string): Promise<void> {
    this.#names.rename(containerId, containerName);
    for (const { networkId } of this.#endpoints.get(containerId) ?? [])
      this.#governAgain(this.#catalog.find(networkId));
  }

  async release(containerId: string): Promise<void> {
    // First: a socket in the namespace would keep it, and the interfaces in it.
    for (const { networkId } of this.#endpoints.get(containerId) ?? []) this.#names.leave(containerId, networkId);
    const endpoints = this.#endpoints.get(containerId) ?? [];
    for (const endpoint of endpoints) {
      this.#driverOfEndpoint(endpoint).release(endpoint);
      this.#drop(endpoint);
    }
    this.#endpoints.delete(containerId);
    for (const { networkId } of endpoints) this.#governAgain(this.#catalog.find(networkId));
  }

  async endpoints(containerId: string): Promise<readonly Endpoint[]> {
    return this.#endpoints.get(containerId) ?? [];
  }

  async members(networkId: string): Promise<readonly Endpoint[]> {
    return [...this.#endpoints.values()].flat().filter((endpoint) => endpoint.networkId === networkId);
  }

  async close(): Promise<void> {
    this.#names.close();
    for (const driver of this.#drivers) driver.close(this.#endpoints.size === 0);
  }

  #placeOf(endpoint: Endpoint, networkNamespace: string): Place {
    const all = this.#endpoints.get(endpoint.containerId) ?? [];
    const defaultRoutes = ([4, 6] as const).filter((family) => defaultRouteOf(all, family)?.id === endpoint.id);
    return { endpoint, networkNamespace, defaultRoutes };
  }

  /** As they follow one another, so that a container's interfaces are made in their order. */
  #byDriver(places: readonly NetworkPlace[]): readonly (readonly [NetworkDriver, readonly NetworkPlace[]])[] {
    const runs: [NetworkDriver, NetworkPlace[]][] = [];
    for (const place of places) {
      const driver = this.#driverOf(place.network);
      const last = runs.at(-1);
      if (last?.[0] === driver) last[1].push(place);
      else runs.push([driver, [place]]);
    }
    return runs;
  }

  /** Who has come, gone or got another name matters to networks with a policy alone. */
  #governAgain({ spec }: Network): void {
    if (isGoverned(spec)) this.#govern();
  }

  #govern(): void {
    const endpoints = [...this.#endpoints.values()].flat();
    const governed = this.#catalog.rows().filter(({ spec }) => isGoverned(spec));
    const networks = governed.map(({ id, spec }): GovernedNetwork => {
      const members = endpoints.filter(({ networkId }) => networkId === id);
      const flows = resolvePolicy(spec.policy.map(parsePolicyRule), members, (name) => this.#names.holders(id, name));
      return { bridgeName: spec.bridgeName, members, flows };
    });
    for (const driver of this.#drivers) driver.govern?.(networks);
  }

  #driverOf({ spec }: Network): NetworkDriver {
    const driver = this.#drivers.find((candidate) => candidate.name === spec.driver);
    if (driver === undefined) throw new BerthError("internal", `no driver ${spec.driver}`);
    return driver;
  }

  #driverOfEndpoint({ networkId }: Endpoint): NetworkDriver {
    return this.#driverOf(this.#catalog.find(networkId));
  }

  #drop(endpoint: Endpoint): void {
    this.#rows.deleteEndpoint(endpoint.containerId, endpoint.networkId);
    this.#driverOfEndpoint(endpoint).giveBack(endpoint);
  }

  /** Rows of containers that do not run any more are dropped; their interfaces and rules fall to the repairs that follow. */
  #loadEndpoints(live: ReadonlyMap<string, string>): void {
    this.#endpoints.clear();
    for (const { containerId, networkId, spec } of this.#rows.endpoints()) {
      if (!live.has(containerId)) {
        this.#rows.deleteEndpoint(containerId, networkId);
        continue;
      }
      this.#endpoints.set(containerId, [...(this.#endpoints.get(containerId) ?? []), spec]);
    }
  }

  #restoreNames(live: readonly LiveContainer[]): void {
    this.#names.close();
    for (const container of live) {
      const endpoints = this.#endpoints.get(container.containerId) ?? [];
      const named = endpoints.filter(({ networkId }) => isNamed(this.#catalog.find(networkId)));
      for (const endpoint of named) this.#names.join(endpoint, container);
      if (named.length > 0) this.#names.serveAgain(container.containerId, container.networkNamespace);
    }
  }

  /** Of containers that no network leads out of, no question goes out either. */
  #leadsOut(containerId: string): boolean {
    const endpoints = this.#endpoints.get(containerId) ?? [];
    return endpoints.some(({ networkId }) => !this.#catalog.find(networkId).spec.internal);
  }
}

function noRate({ name, spec }: Network): BerthError {
  return new BerthError(
    "not-implemented",
    `not supported by this engine: a rate in the network ${name}, whose driver is ${spec.driver}`,
    { hint: "The host passes on the packets of bridge networks alone." },
  );
}

/** Containers in networks that people made know each other's names; docker-compat: those of the default bridge do not. */
function isNamed({ spec }: Network): boolean {
  return !spec.predefined;
}
