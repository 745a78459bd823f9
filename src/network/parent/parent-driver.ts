import { BerthError, messageOf } from "#base/errors.ts";
import { randomId } from "#base/ids.ts";
import type { Log } from "#base/log.ts";
import { O_RDONLY } from "#host/kernel/linux.ts";
import { formatMac, parseMac } from "#host/netlink/address.ts";
import { openRouteSocket, openRouteSocketIn } from "#host/netlink/open.ts";
import { close, open } from "#host/kernel/syscalls.ts";
import { findLink, listLinks, removeLink, routedSubnets } from "../bridge/host-bridge.ts";
import type { NetworkCatalog } from "../catalog.ts";
import type { NetworkDriver, NetworkPlace, Place } from "../driver.ts";
import { endpointOptions } from "../endpoint-options.ts";
import { poolsOf } from "../ipam/choose-subnet.ts";
import { addressesOf, macOfLeases, type Leases } from "../ipam/leases.ts";
import { NetworkPools } from "../ipam/network-pools.ts";
import type { NetworkOptions } from "../network-options.ts";
import type { Network, NetworkSpec } from "../network-rows.ts";
import { freeInterface, placeWithoutAddress } from "../place.ts";
import type { Endpoint, EndpointRequest, NetworkInfo, NetworkRequest, Resident } from "../types.ts";
import { attachUpper, detachUpper } from "./attach-upper.ts";
import { ensureParent } from "./parent-interface.ts";
import {
  ownParentName,
  parentSettings,
  usesGateway,
  type ParentDriverName,
  type ParentSettings,
} from "./parent-settings.ts";
import { planParentNetwork } from "./plan-parent.ts";

export interface ParentDriverDeps {
  readonly name: ParentDriverName;
  readonly catalog: NetworkCatalog;
  readonly log: Log;
  readonly options: NetworkOptions;
}

/**
 * Networks whose containers have interfaces over one of the host's, and are neighbours of it in its own network: macvlan
 * and ipvlan. The host takes no part in them: it has no address there, its rules see none of the packets, and nothing is
 * published.
 */
export class ParentDriver implements NetworkDriver {
  readonly name: ParentDriverName;
  readonly #catalog: NetworkCatalog;
  readonly #log: Log;
  readonly #options: NetworkOptions;
  readonly #pools = new NetworkPools();
  /** Network ids by endpoint id. */
  readonly #reserved = new Map<string, string>();
  /**
   * Descriptors of the containers' namespaces, by endpoint id: a parent that is taken, or a hardware address, is free again
   * only when the interface is gone, and the kernel takes its time with namespaces.
   */
  readonly #namespaces = new Map<string, number>();

  constructor(deps: ParentDriverDeps) {
    this.name = deps.name;
    this.#catalog = deps.catalog;
    this.#log = deps.log;
    this.#options = deps.options;
  }

  plan(id: string, request: NetworkRequest, networks: readonly NetworkInfo[]): NetworkSpec {
    using route = openRouteSocket();
    return planParentNetwork(this.name, id, request, {
      networks,
      pools: poolsOf(this.#options),
      routed: routedSubnets(route),
      siblings: this.#networks(),
      interfaces: new Set(listLinks(route).map((link) => link.name)),
    });
  }

  restore(live: readonly Place[]): void {
    this.#closeNamespaces();
    this.#reserved.clear();
    const endpoints = live.map(({ endpoint }) => endpoint);
    for (const network of this.#networks()) {
      this.#pools.open(network, endpoints);
      const places = live.filter(({ endpoint }) => endpoint.networkId === network.id);
      for (const { endpoint } of places) this.#reserved.set(endpoint.id, network.id);
      this.#orLogged(network, () => this.#ensureParent(network));
      for (const place of places) this.#orLogged(network, () => this.#restorePlace(network, place));
    }
  }

  create(network: Network): void {
    this.#ensureParent(network);
    this.#pools.open(network, []);
  }

  remove(network: Network): void {
    const { parent, ownsParent } = network.spec;
    const isShared = this.#networks().some(({ id, spec }) => id !== network.id && spec.parent === parent);
    if (ownsParent && !isShared) this.#removeParent(parent);
    this.#pools.close(network.id);
  }

  reserve(network: Network, request: EndpointRequest & Resident, others: readonly Endpoint[]): Endpoint {
    const settings = parentSettings(this.name, network.spec.options);
    if (isExclusive(settings) && [...this.#reserved.values()].includes(network.id)) {
      throw new BerthError(
        "forbidden",
        `failed to create the ${this.name} port: network ${network.name} of mode passthru has room for one container, and has it`,
      );
    }
    const options = endpointOptions(request.options ?? {});
    const interfaceName = freeInterface(others, options.interfaceName);
    const asked = request.mac === undefined || request.mac === "" ? undefined : formatMac(parseMac(request.mac));
    if (asked !== undefined && (settings.driver === "ipvlan" || isExclusive(settings))) {
      throw new BerthError(
        "invalid-parameter",
        `${this.name} interfaces${isExclusive(settings) ? " of mode passthru" : ""} do not support custom mac address assignment`,
      );
    }
    const leases = this.#pools.takeAll(network, request);
    const endpoint: Endpoint = {
      ...placeWithoutAddress(network, request),
      id: randomId(),
      interfaceName,
      settings: options.settingsOf(interfaceName),
      ...addressesOf(leases),
      directRoute: !network.spec.internal && !usesGateway(settings),
      mac: asked ?? this.#macOf(network, settings, leases),
    };
    this.#reserved.set(endpoint.id, network.id);
    return endpoint;
  }

  giveBack(endpoint: Endpoint): void {
    this.#reserved.delete(endpoint.id);
    this.#pools.giveBack(endpoint);
  }

  connect(places: readonly NetworkPlace[]): void {
    for (const { network, ...place } of places) this.#connectOne(network, place);
  }

  #connectOne(network: Network, place: Place): void {
    using route = openRouteSocket();
    const { endpoint, networkNamespace, defaultRoutes } = place;
    const parent = this.#ensureParent(network);
    const namespaceFd = open(networkNamespace, O_RDONLY);
    try {
      const settings = parentSettings(this.name, network.spec.options);
      attachUpper(route, settings, parent, { endpoint, namespaceFd, defaultRoutes });
    } catch (error) {
      close(namespaceFd);
      throw error;
    }
    this.#namespaces.set(endpoint.id, namespaceFd);
  }

  disconnect(endpoint: Endpoint): void {
    const namespaceFd = this.#namespaces.get(endpoint.id);
    if (namespaceFd === undefined) return;
    this.#namespaces.delete(endpoint.id);
    try {
      detachUpper(namespaceFd, endpoint);
    } finally {
      close(namespaceFd);
    }
  }

  release(endpoint: Endpoint): void {
    this.disconnect(endpoint);
  }

  close(idle: boolean): void {
    this.#closeNamespaces();
    if (!idle) return;
    for (const { spec } of this.#networks()) if (spec.ownsParent) this.#removeParent(spec.parent);
  }

  #networks(): readonly Network[] {
    return this.#catalog.rows().filter(({ spec }) => spec.driver === this.name);
  }

  #ensureParent({ id, spec }: Network): number {
    using route = openRouteSocket();
    return ensureParent(route, spec.parent, ownParentName(this.name, id));
  }

  #removeParent(name: string): void {
    using route = openRouteSocket();
    removeLink(route, name);
  }

  /** A running container keeps its interface without this engine; only one whose parent was deleted meanwhile has none. */
  #restorePlace(network: Network, place: Place): void {
    const namespaceFd = open(place.networkNamespace, O_RDONLY);
    try {
      using inside = openRouteSocketIn(namespaceFd);
      if (findLink(inside, place.endpoint.interfaceName) === undefined) this.#connectOne(network, place);
      else this.#namespaces.set(place.endpoint.id, namespaceFd);
    } finally {
      if (this.#namespaces.get(place.endpoint.id) !== namespaceFd) close(namespaceFd);
    }
  }

  #orLogged(network: Network, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#log.error(`could not restore a ${this.name} network`, { network: network.name, error: messageOf(error) });
    }
  }

  /** docker-compat: none is told where the interface has that of its parent, but with passthru, which has it alone. */
  #macOf(network: Network, settings: ParentSettings, leases: Leases): string {
    if (settings.driver === "ipvlan") return "";
    if (!isExclusive(settings)) return macOfLeases(leases);
    using route = openRouteSocket();
    return formatMac(findLink(route, network.spec.parent)?.mac ?? new Uint8Array(6));
  }

  #closeNamespaces(): void {
    for (const fd of this.#namespaces.values()) close(fd);
    this.#namespaces.clear();
  }
}

function isExclusive({ mode }: ParentSettings): boolean {
  return mode === "passthru";
}
