import { BerthError, messageOf } from "#base/errors.ts";
import { randomId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import { formatMac, parseMac } from "#host/netlink/address.ts";
import type { NetworkRow } from "#state/network-store.ts";
import { bridgeSettings } from "./bridge/bridge-settings.ts";
import { defaultAddresses } from "./bridge/default-addresses.ts";
import { bringLoopbackUp, setDefaultRoute } from "./bridge/endpoint-link.ts";
import { readNetSysctl } from "./bridge/sysctl.ts";
import { BridgePools } from "./bridge-pools.ts";
import { NetworkCatalog } from "./catalog.ts";
import { defaultRouteOf } from "./default-route.ts";
import { NameServers } from "./dns/name-servers.ts";
import { HostSide, type Connected, type HostNetwork } from "./host-side.ts";
import { defaultAddressPools } from "./ipam/choose-subnet.ts";
import { macOfAddress } from "./ipam/mac.ts";
import { addressBytes, addressNumber, parseCidr } from "./ipam/subnet.ts";
import type { NetworkOptions } from "./network-options.ts";
import { emptySpec, noGuard, type NetworkRows, type NetworkSpec } from "./network-rows.ts";
import { freeInterface, placeWithoutAddress, withPlace } from "./place.ts";
import { planNetwork } from "./plan-network.ts";
import { HostPorts, type PortHolder } from "./ports/host-ports.ts";
import type {
  Endpoint,
  EndpointRequest,
  LiveContainer,
  NetworkInfo,
  NetworkRequest,
  NetworkService,
  Resident,
} from "./types.ts";

export interface LocalNetworksDeps {
  readonly rows: NetworkRows;
  readonly holder: PortHolder;
  readonly log: Log;
  readonly now: () => Date;
  readonly options: NetworkOptions;
}

type Row = NetworkRow<NetworkSpec>;

/**
 * Docker's predefined networks `bridge`, `host` and `none`, and the bridge networks that people make. Every method does its
 * work without giving up the thread, so none sees another's half-done state; rows are written before the kernel is
 * touched and removed after.
 */
export class LocalNetworks implements NetworkService {
  readonly #rows: NetworkRows;
  readonly #holder: PortHolder;
  readonly #log: Log;
  readonly #options: NetworkOptions;
  readonly #catalog: NetworkCatalog;
  readonly #pools = new BridgePools();
  /** By container id. */
  readonly #endpoints = new Map<string, readonly Endpoint[]>();
  readonly #names: NameServers;
  #host: HostSide | undefined;
  #ports: HostPorts | undefined;

  constructor(deps: LocalNetworksDeps) {
    this.#rows = deps.rows;
    this.#holder = deps.holder;
    this.#log = deps.log;
    this.#options = deps.options;
    this.#catalog = new NetworkCatalog({ rows: deps.rows, now: deps.now });
    this.#names = new NameServers({ log: deps.log, leadsOut: (containerId) => this.#leadsOut(containerId) });
  }

  async reconcile(live: readonly LiveContainer[]): Promise<void> {
    this.#catalog.load();
    const namespaces = new Map(live.map((container) => [container.containerId, container.networkNamespace]));
    this.#loadEndpoints(namespaces);
    this.#catalog.put("host", { ...emptySpec, driver: "host" });
    this.#catalog.put("none", { ...emptySpec, driver: "null" });
    if (this.#options.bridge === "none") this.#catalog.remove("bridge");
    if (this.#options.bridge === "none" && this.#bridgeRows().length === 0) return;
    try {
      this.#setUpBridges(namespaces);
      this.#restoreNames(live);
    } catch (error) {
      const kind = error instanceof BerthError && error.kind !== "internal" ? error.kind : "unavailable";
      throw new BerthError(kind, `cannot set up the default network: ${messageOf(error)}`, {
        cause: error,
        hint: "It needs CAP_NET_ADMIN and a kernel with bridge, veth and nf_tables. Without a default network: --bridge=none.",
      });
    }
  }

  #setUpBridges(namespaces: ReadonlyMap<string, string>): void {
    const host = (this.#host ??= new HostSide({ options: this.#options, log: this.#log }));
    const inBridges = [...this.#endpoints.values()].flat().filter((endpoint) => endpoint.ipv4 !== "");
    const made = this.#bridgeRows().filter((row) => !row.spec.predefined);
    if (this.#options.bridge !== "none") this.#chooseDefault(host, inBridges, made);
    const guard = this.#catalog.get("bridge")?.spec.guard ?? noGuard;
    const rows = this.#bridgeRows();
    for (const row of rows) this.#pools.open(row, inBridges);
    this.#restorePorts(inBridges);
    host.setUp(
      rows.map((row) => this.#hostNetwork(row)),
      guard,
      inBridges,
    );
    host.repairLinks(
      inBridges.map((endpoint) => this.#connected(endpoint, namespaces.get(endpoint.containerId) ?? "")),
    );
  }

  #chooseDefault(host: HostSide, inBridges: readonly Endpoint[], others: readonly Row[]): void {
    const earlier = this.#catalog.get("bridge");
    const inUse = inBridges.some(({ networkId }) => networkId === earlier?.id);
    const reserved = others.map((row) => parseCidr(row.spec.subnet).subnet);
    const chosen = host.choose(earlier?.spec, inUse, reserved);
    const guard = host.chooseGuard(earlier?.spec.guard ?? noGuard, [
      chosen.bridgeName,
      ...others.map((row) => row.spec.bridgeName),
    ]);
    const options = this.#dockerOptions(chosen.bridgeName);
    const addresses = defaultAddresses(this.#options, chosen);
    this.#catalog.put("bridge", { ...emptySpec, ...chosen, guard, driver: "bridge", options, addresses });
  }

  async create(request: NetworkRequest): Promise<NetworkInfo> {
    const host = (this.#host ??= new HostSide({ options: this.#options, log: this.#log }));
    const id = randomId();
    const spec = planNetwork(id, request, {
      networks: this.#catalog.list(),
      pools: this.#options.addressPools ?? defaultAddressPools,
      ...host.surroundings(),
    });
    const row = this.#catalog.add(id, request.name, spec);
    try {
      if (spec.driver === "bridge") {
        this.#pools.open(row, []);
        host.add(this.#hostNetwork(row));
      }
    } catch (error) {
      this.#forget(row);
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
      throw new BerthError("forbidden", `configuration network "${row.name}" is in use`);
    }
    const members = await this.members(row.id);
    if (members.length > 0) {
      throw new BerthError(
        "forbidden",
        `error while removing network: network ${row.name} id ${row.id} has active endpoints`,
      );
    }
    if (row.spec.driver === "bridge") this.#required(this.#host).remove(row.spec.bridgeName);
    this.#forget(row);
    return info;
  }

  #forget(row: Row): void {
    this.#pools.close(row.id);
    this.#catalog.remove(row.name);
  }

  async list(): Promise<readonly NetworkInfo[]> {
    return this.#catalog.list();
  }

  async find(nameOrId: string): Promise<NetworkInfo> {
    const { id } = this.#catalog.find(nameOrId);
    const info = this.#catalog.list().find((network) => network.id === id);
    if (info === undefined) throw new BerthError("not-found", `network ${nameOrId} not found`);
    return info;
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
    const endpoint =
      network.spec.driver === "bridge"
        ? this.#reserveInBridge(network, request, others)
        : placeWithoutAddress(network, request);
    try {
      const { id, networkId, containerId, ipv4 } = endpoint;
      this.#rows.insertEndpoint({ id, networkId, containerId, ipv4, spec: endpoint });
    } catch (error) {
      this.#giveBack(endpoint);
      throw error;
    }
    this.#endpoints.set(request.containerId, [...others, endpoint]);
    if (isNamed(network)) this.#names.join(endpoint, request);
    return endpoint;
  }

  async connect(endpoint: Endpoint, networkNamespace: string): Promise<void> {
    const network = this.#catalog.find(endpoint.networkId);
    if (network.spec.driver === "bridge")
      this.#required(this.#host).attach(this.#connected(endpoint, networkNamespace));
    else if (network.spec.driver === "null") bringLoopbackUp(networkNamespace);
    if (!isNamed(network)) return;
    try {
      this.#names.serve(endpoint.containerId, networkNamespace);
    } catch (error) {
      this.#required(this.#host).detachNow(endpoint);
      throw error;
    }
  }

  async disconnect(containerId: string, networkId: string, networkNamespace: string): Promise<void> {
    const all = this.#endpoints.get(containerId) ?? [];
    const endpoint = all.find((one) => one.networkId === networkId);
    if (endpoint === undefined) return;
    const left = all.filter((one) => one !== endpoint);
    const wasDefault = defaultRouteOf(all) === endpoint;
    if (endpoint.ipv4 !== "") this.#required(this.#host).detachNow(endpoint);
    this.#drop(endpoint);
    this.#names.leave(containerId, networkId);
    if (left.length === 0) this.#endpoints.delete(containerId);
    else this.#endpoints.set(containerId, left);
    const next = defaultRouteOf(left);
    if (wasDefault && next !== undefined) setDefaultRoute(networkNamespace, next);
  }

  async rename(containerId: string, containerName: string): Promise<void> {
    this.#names.rename(containerId, containerName);
  }

  async release(containerId: string): Promise<void> {
    // First: a socket in the namespace would keep it, and the interfaces in it.
    for (const { networkId } of this.#endpoints.get(containerId) ?? []) this.#names.leave(containerId, networkId);
    for (const endpoint of this.#endpoints.get(containerId) ?? []) {
      if (endpoint.ipv4 !== "") this.#host?.detach(endpoint);
      this.#drop(endpoint);
    }
    this.#endpoints.delete(containerId);
  }

  async endpoints(containerId: string): Promise<readonly Endpoint[]> {
    return this.#endpoints.get(containerId) ?? [];
  }

  async members(networkId: string): Promise<readonly Endpoint[]> {
    return [...this.#endpoints.values()].flat().filter((endpoint) => endpoint.networkId === networkId);
  }

  async close(): Promise<void> {
    const host = this.#host;
    this.#host = undefined;
    this.#names.close();
    for (const endpoint of [...this.#endpoints.values()].flat()) this.#ports?.release(endpoint.id);
    if (host === undefined) return;
    try {
      if (this.#endpoints.size === 0) host.tearDown();
    } finally {
      host.close();
    }
  }

  #bridgeRows(): readonly Row[] {
    return this.#catalog.rows().filter(({ spec }) => spec.driver === "bridge");
  }

  #hostNetwork({ spec }: Row): HostNetwork {
    const { bridgeName, subnet, gateway, ownsBridge, internal } = spec;
    const { mtu, masquerade, interContainer } = bridgeSettings(spec.options);
    return { bridgeName, subnet, gateway, ownsBridge, internal, mtu, masquerade, interContainer };
  }

  #connected(endpoint: Endpoint, networkNamespace: string): Connected {
    const { bridgeName } = this.#catalog.find(endpoint.networkId).spec;
    const chosen = defaultRouteOf(this.#endpoints.get(endpoint.containerId) ?? []);
    return { endpoint, bridgeName, networkNamespace, defaultRoute: chosen?.id === endpoint.id };
  }

  #reserveInBridge(network: Row, request: EndpointRequest & Resident, others: readonly Endpoint[]): Endpoint {
    const ports = this.#required(this.#ports);
    if (request.ipv6 !== undefined && request.ipv6 !== "") {
      throw new BerthError("not-implemented", `IPv6 addresses are not supported: ${request.ipv6}`);
    }
    const mac = request.mac === undefined || request.mac === "" ? undefined : formatMac(parseMac(request.mac));
    const id = randomId();
    const { internal, gateway, subnet, addresses } = network.spec;
    const { publishAddress } = bridgeSettings(network.spec.options);
    const ipv4 = this.#pools.take(network.id, request.containerId, request.ipv4 ?? "");
    const place = { networkId: network.id, containerId: request.containerId, ipv4 };
    try {
      const wanted = request.ports.map((port) => (port.hostIp === "" ? { ...port, hostIp: publishAddress } : port));
      return {
        ...placeWithoutAddress(network, request),
        id,
        interfaceName: freeInterface(others),
        ipv4,
        prefixLength: parseCidr(subnet).subnet.prefixLength,
        gateway: internal ? "" : addresses.gateway || gateway,
        mac: mac ?? macOfAddress(addressBytes(addressNumber(ipv4))),
        // docker-compat: nothing is published of a network without a way in.
        ports: internal ? [] : ports.allocate(id, wanted, ipv4),
      };
    } catch (error) {
      this.#pools.giveBack(place);
      throw withPlace(error, request.containerName, id);
    }
  }

  #drop(endpoint: Endpoint): void {
    this.#rows.deleteEndpoint(endpoint.id);
    this.#giveBack(endpoint);
  }

  #giveBack(endpoint: Endpoint): void {
    this.#ports?.release(endpoint.id);
    if (endpoint.ipv4 !== "") this.#pools.giveBack(endpoint);
  }

  /** Rows of containers that do not run any more are dropped; their interfaces and rules fall to the repairs that follow. */
  #loadEndpoints(live: ReadonlyMap<string, string>): void {
    this.#endpoints.clear();
    for (const { id, containerId, spec } of this.#rows.endpoints()) {
      if (!live.has(containerId)) {
        this.#ports?.release(id);
        this.#rows.deleteEndpoint(id);
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

  #restorePorts(endpoints: readonly Endpoint[]): void {
    if (this.#ports !== undefined) return;
    const [first = 32768, last = 60999] = readNetSysctl("ipv4/ip_local_port_range").split(/\s+/).map(Number);
    this.#ports = new HostPorts({ holder: this.#holder, ephemeral: { first, last } });
    for (const endpoint of endpoints) {
      for (const port of this.#ports.restore(endpoint.id, endpoint.ports)) {
        this.#log.warn("another program has taken a published port; packets still go to the container", {
          container: endpoint.containerId,
          port: `${port.hostIp}:${port.hostPort}/${port.protocol}`,
        });
      }
    }
  }

  /** The daemon's options for the default network, as the driver's options that they stand for. */
  #dockerOptions(bridgeName: string): Readonly<Record<string, string>> {
    const { interContainer, masquerade, publishAddress, mtu } = this.#options;
    return {
      "com.docker.network.bridge.default_bridge": "true",
      "com.docker.network.bridge.enable_icc": String(interContainer !== false),
      "com.docker.network.bridge.enable_ip_masquerade": String(masquerade !== false),
      "com.docker.network.bridge.host_binding_ipv4": publishAddress ?? "0.0.0.0",
      "com.docker.network.bridge.name": bridgeName,
      "com.docker.network.driver.mtu": String(mtu ?? 1500),
    };
  }

  #required<T>(part: T | undefined): T {
    if (part === undefined) throw new BerthError("internal", "the networks are used before reconcile or after close");
    return part;
  }
}

/** Containers of bridges that people made know each other's names; docker-compat: those of the default bridge do not. */
function isNamed({ spec }: Row): boolean {
  return spec.driver === "bridge" && !spec.predefined;
}
