import { BerthError, messageOf } from "#base/errors.ts";
import { randomId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import { formatMac, parseMac } from "#host/netlink/address.ts";
import type { NetworkRow } from "#state/network-store.ts";
import { bringLoopbackUp } from "./bridge/endpoint-link.ts";
import { readNetSysctl } from "./bridge/sysctl.ts";
import { NetworkCatalog } from "./catalog.ts";
import { HostSide } from "./host-side.ts";
import { AddressAllocator } from "./ipam/address-allocator.ts";
import { macOfAddress } from "./ipam/mac.ts";
import { addressBytes, addressNumber, addressText, contains, parseCidr } from "./ipam/subnet.ts";
import type { NetworkOptions } from "./network-options.ts";
import { noGuard, type NetworkRows, type NetworkSpec } from "./network-rows.ts";
import { HostPorts, type PortHolder } from "./ports/host-ports.ts";
import type { Endpoint, EndpointRequest, NetworkInfo, NetworkService } from "./types.ts";

export interface BridgeNetworksDeps {
  readonly rows: NetworkRows;
  readonly holder: PortHolder;
  readonly log: Log;
  readonly now: () => Date;
  readonly options: NetworkOptions;
}

type Row = NetworkRow<NetworkSpec>;

/** How many removed containers are remembered, to give one that is started again its old address. */
const REMEMBERED = 4096;

/**
 * Docker's three predefined networks: `bridge`, `host` and `none`. Every method does its work without giving up the
 * thread, so none sees another's half-done state; rows are written before the kernel is touched and removed after.
 */
export class BridgeNetworks implements NetworkService {
  readonly #rows: NetworkRows;
  readonly #holder: PortHolder;
  readonly #log: Log;
  readonly #options: NetworkOptions;
  readonly #catalog: NetworkCatalog;
  readonly #endpoints = new Map<string, readonly Endpoint[]>();
  readonly #formerAddresses = new Map<string, number>();
  #host: HostSide | undefined;
  #addresses: AddressAllocator | undefined;
  #ports: HostPorts | undefined;

  constructor(deps: BridgeNetworksDeps) {
    this.#rows = deps.rows;
    this.#holder = deps.holder;
    this.#log = deps.log;
    this.#options = deps.options;
    this.#catalog = new NetworkCatalog({ rows: deps.rows, now: deps.now });
  }

  async reconcile(live: readonly { readonly containerId: string; readonly networkNamespace: string }[]): Promise<void> {
    this.#catalog.load();
    const namespaces = new Map(live.map((container) => [container.containerId, container.networkNamespace]));
    this.#loadEndpoints(namespaces);
    this.#catalog.put("host", { ...emptySpec, driver: "host" });
    this.#catalog.put("none", { ...emptySpec, driver: "null" });
    if (this.#options.bridge === "none") {
      this.#catalog.remove("bridge");
      return;
    }
    try {
      this.#setUpBridge(namespaces);
    } catch (error) {
      const kind = error instanceof BerthError && error.kind !== "internal" ? error.kind : "unavailable";
      throw new BerthError(kind, `cannot set up the default network: ${messageOf(error)}`, {
        cause: error,
        hint: "It needs CAP_NET_ADMIN and a kernel with bridge, veth and nf_tables. Without a default network: --bridge=none.",
      });
    }
  }

  #setUpBridge(namespaces: ReadonlyMap<string, string>): void {
    this.#host ??= new HostSide({ options: this.#options, log: this.#log });
    const inBridge = [...this.#endpoints.values()].flat().filter((endpoint) => endpoint.ipv4 !== "");
    const earlier = this.#catalog.get("bridge")?.spec;
    const chosen = this.#host.choose(earlier, inBridge.length > 0);
    const guard = this.#host.chooseGuard(earlier?.guard ?? noGuard, chosen.bridgeName);
    const row = this.#catalog.put("bridge", {
      ...chosen,
      guard,
      driver: "bridge",
      options: this.#dockerOptions(chosen.bridgeName),
    });
    this.#addresses = allocatorFor(row, inBridge, this.#options);
    this.#restorePorts(inBridge);
    this.#host.setUp(chosen, guard, inBridge);
    this.#host.repairLinks(
      inBridge.map((endpoint) => ({ endpoint, networkNamespace: namespaces.get(endpoint.containerId) ?? "" })),
    );
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

  async reserve(request: EndpointRequest & { readonly containerName: string }): Promise<Endpoint> {
    const network = this.#catalog.find(request.networkId);
    const others = this.#endpoints.get(request.containerId) ?? [];
    if (others.some((endpoint) => endpoint.networkId === network.id)) {
      throw new BerthError(
        "already-exists",
        `endpoint with name ${request.containerName} already exists in network ${network.name}`,
      );
    }
    const endpoint =
      network.spec.driver === "bridge"
        ? this.#reserveInBridge(network, request, others.length)
        : placeWithoutAddress(network, request);
    try {
      const { id, networkId, containerId, ipv4 } = endpoint;
      this.#rows.insertEndpoint({ id, networkId, containerId, ipv4, spec: endpoint });
    } catch (error) {
      this.#giveBack(endpoint);
      throw error;
    }
    this.#endpoints.set(request.containerId, [...others, endpoint]);
    return endpoint;
  }

  async connect(endpoint: Endpoint, networkNamespace: string): Promise<void> {
    const { driver } = this.#catalog.find(endpoint.networkId).spec;
    if (driver === "bridge") this.#required(this.#host).attach(endpoint, networkNamespace);
    else if (driver === "null") bringLoopbackUp(networkNamespace);
  }

  async release(containerId: string): Promise<void> {
    for (const endpoint of this.#endpoints.get(containerId) ?? []) {
      if (endpoint.ipv4 !== "") this.#host?.detach(endpoint);
      this.#rows.deleteEndpoint(endpoint.id);
      this.#giveBack(endpoint);
    }
    this.#endpoints.delete(containerId);
  }

  async endpoints(containerId: string): Promise<readonly Endpoint[]> {
    return this.#endpoints.get(containerId) ?? [];
  }

  async close(): Promise<void> {
    const host = this.#host;
    this.#host = undefined;
    for (const endpoint of [...this.#endpoints.values()].flat()) this.#ports?.release(endpoint.id);
    if (host === undefined) return;
    try {
      if (this.#endpoints.size === 0) host.tearDown();
    } finally {
      host.close();
    }
  }

  #reserveInBridge(
    network: Row,
    request: EndpointRequest & { readonly containerName: string },
    number: number,
  ): Endpoint {
    const addresses = this.#required(this.#addresses);
    const ports = this.#required(this.#ports);
    if (request.ipv6 !== undefined && request.ipv6 !== "") {
      throw new BerthError("not-implemented", `IPv6 addresses are not supported: ${request.ipv6}`);
    }
    const mac = request.mac === undefined || request.mac === "" ? undefined : formatMac(parseMac(request.mac));
    const id = randomId();
    const address =
      request.ipv4 === undefined || request.ipv4 === ""
        ? addresses.allocate(this.#formerAddresses.get(request.containerId))
        : addresses.claim(addressNumber(request.ipv4));
    const ipv4 = addressText(address);
    try {
      const wanted = request.ports.map((port) =>
        port.hostIp === "" ? { ...port, hostIp: this.#options.publishAddress ?? "" } : port,
      );
      return {
        ...placeWithoutAddress(network, request),
        id,
        interfaceName: `eth${number}`,
        ipv4,
        prefixLength: parseCidr(network.spec.subnet).subnet.prefixLength,
        gateway: this.#options.defaultGateway ?? network.spec.gateway,
        mac: mac ?? macOfAddress(addressBytes(address)),
        ports: ports.allocate(id, wanted, ipv4),
      };
    } catch (error) {
      addresses.free(address);
      throw withPlace(error, request.containerName, id);
    }
  }

  #giveBack(endpoint: Endpoint): void {
    this.#ports?.release(endpoint.id);
    if (endpoint.ipv4 === "") return;
    const address = addressNumber(endpoint.ipv4);
    this.#addresses?.free(address);
    this.#formerAddresses.delete(endpoint.containerId);
    this.#formerAddresses.set(endpoint.containerId, address);
    const [oldest] = this.#formerAddresses.keys();
    if (this.#formerAddresses.size > REMEMBERED && oldest !== undefined) this.#formerAddresses.delete(oldest);
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

const emptySpec = { subnet: "", gateway: "", bridgeName: "", options: {}, ownsBridge: false, guard: noGuard } as const;

/** What an endpoint is in the `host` and `none` networks, and the blank form of others. */
function placeWithoutAddress(network: Row, request: EndpointRequest): Endpoint {
  return {
    id: randomId(),
    containerId: request.containerId,
    networkId: network.id,
    networkName: network.name,
    interfaceName: "",
    ipv4: "",
    prefixLength: 0,
    gateway: "",
    ipv6: "",
    ipv6PrefixLength: 0,
    ipv6Gateway: "",
    mac: "",
    ports: [],
  };
}

/** `invalid-parameter` when the options name addresses outside the network. */
function allocatorFor(
  network: Row,
  endpoints: readonly Endpoint[],
  { fixedCidr, defaultGateway }: NetworkOptions,
): AddressAllocator {
  const { subnet } = parseCidr(network.spec.subnet);
  const outside = (option: string): BerthError =>
    new BerthError("invalid-parameter", `${option} is not within the bridge's network ${network.spec.subnet}`);
  const range = fixedCidr === undefined ? subnet : parseCidr(fixedCidr).subnet;
  if (!contains(subnet, range.base) || range.prefixLength < subnet.prefixLength)
    throw outside(`--fixed-cidr ${fixedCidr ?? ""}`);
  const gateways = [network.spec.gateway, ...(defaultGateway === undefined ? [] : [defaultGateway])];
  for (const gateway of gateways)
    if (!contains(subnet, addressNumber(gateway))) throw outside(`--default-gateway ${gateway}`);
  return new AddressAllocator(
    subnet,
    [...gateways, ...endpoints.map((endpoint) => endpoint.ipv4)].map(addressNumber),
    network.lastAddress === "" ? undefined : addressNumber(network.lastAddress),
    range,
  );
}

/** docker-compat: the sentence in front of everything that goes wrong with ports. */
function withPlace(error: unknown, containerName: string, endpointId: string): unknown {
  if (!(error instanceof BerthError)) return error;
  const prefix = `driver failed programming external connectivity on endpoint ${containerName} (${endpointId})`;
  return new BerthError(error.kind, `${prefix}: ${error.message}`, { cause: error });
}
