import { BerthError, messageOf } from "#base/errors.ts";
import type { Log } from "#base/log.ts";
import { readTextFileMaybe } from "#host/files/files.ts";
import { openNetfilterSocket, openRouteSocket } from "#host/netlink/open.ts";
import { changeLink } from "#host/netlink/rtnetlink.ts";
import type { NetlinkSocket } from "#host/netlink/socket.ts";
import { chooseBridge, type ChosenBridge } from "./choose-bridge.ts";
import {
  attachEndpoints,
  detachEndpoint,
  limitHostEnd,
  vethName,
  type BridgedInterface,
  type BridgePort,
} from "./endpoint-link.ts";
import { ensureBridge, findLink, listLinks, removeLink, routedSubnets } from "./host-bridge.ts";
import { Forwarding, type GuardStore } from "./forwarding.ts";
import { ScreenLink } from "./screen-link.ts";
import { ensureNetSysctl, ifThere } from "./sysctl.ts";
import type { Place } from "../driver.ts";
import { familyOf, type IpFamily, type Subnet } from "../ipam/subnet.ts";
import { ConnectRedirect } from "../connect/connect-redirect.ts";
import type { NetworkOptions } from "../network-options.ts";
import type { ForwardingGuard } from "../network-rows.ts";
import type { GovernedNetwork } from "../policy/resolve-policy.ts";
import type { BridgeRules } from "../rules/bridge-rules.ts";
import { EngineFirewall } from "../rules/engine-firewall.ts";
import { warnOfLegacyIptables } from "../rules/legacy-iptables.ts";
import { limitRateInside } from "../sandbox/limit-rate.ts";
import type { Endpoint } from "../types.ts";

/** How long a dead container's namespace may take to go, and its interfaces with it, before they are deleted one by one. */
const DETACH_GRACE_MS = 2000;
/** How soon rules are restored after another program removed them; a look costs the kernel microseconds. */
const VERIFY_MS = 3000;
/** Each deletion blocks for a few RCU grace periods: so many in a row, then a pause for other work. */
const SWEEP_AT_ONCE = 4;
const SWEEP_PAUSE_MS = 100;

/** One bridge network as the host sees it. */
export interface HostNetwork extends BridgeRules {
  readonly ownsBridge: boolean;
  readonly mtu: number;
  /** The host's addresses on the bridge, in CIDR. */
  readonly addresses: readonly string[];
  /** Of the bridge's own hardware address. */
  readonly mac: Uint8Array;
}

/** A place and the bridge it belongs to. */
export interface Connected extends Place {
  readonly bridgeName: string;
}

type Present = HostNetwork & { readonly index: number };

/** The host's half of all bridge networks: bridges, settings, rules, the host's ends of veth pairs. */
export class HostSide {
  readonly #options: NetworkOptions;
  readonly #log: Log;
  readonly #route: NetlinkSocket;
  readonly #firewall: EngineFirewall;
  readonly #forwarding: Forwarding;
  readonly #redirect: ConnectRedirect;
  readonly #detached = new Set<string>();
  /** By name of the bridge. */
  readonly #bridges = new Map<string, Present>();
  #watch: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: { readonly options: NetworkOptions; readonly log: Log; readonly guards: GuardStore }) {
    this.#options = deps.options;
    this.#log = deps.log;
    this.#route = openRouteSocket();
    this.#firewall = new EngineFirewall({
      socket: openNetfilterSocket(),
      instance: deps.options.instance,
      screenLink: new ScreenLink(this.#route, deps.options.instance),
      filtered: deps.options.ipv6Rules === false ? [4] : [4, 6],
      log: deps.log,
    });
    this.#redirect = new ConnectRedirect(deps.log);
    this.#forwarding = new Forwarding({
      route: this.#route,
      store: deps.guards,
      off: deps.options.forward === false,
    });
  }

  /** Bridge and subnet of the default network; `reserved` are the subnets of the others. */
  choose(earlier: ChosenBridge | undefined, inUse: boolean, reserved: readonly Subnet[]): ChosenBridge {
    return chooseBridge(this.#route, this.#options, { earlier, inUse, reserved }, this.#log);
  }

  /** What a new network has to keep clear of. */
  surroundings(): { readonly routed: readonly Subnet[]; readonly interfaces: ReadonlySet<string> } {
    return {
      routed: routedSubnets(this.#route),
      interfaces: new Set(listLinks(this.#route).map((link) => link.name)),
    };
  }

  /** Create or repair everything but the containers' own interfaces. `connected` are the endpoints whose ports work. */
  setUp(networks: readonly HostNetwork[], connected: readonly Endpoint[]): void {
    const guard = this.#forwarding.turnOn(
      familiesOf(networks),
      networks.map((network) => network.bridgeName),
    );
    for (const network of networks) this.#ensureBridge(network);
    const published = connected.filter((endpoint) => endpoint.ports.length > 0);
    this.#firewall.install({ ...stateOf(networks, guard), published, relaysLoopback: bridgedPacketsPassRules(6) });
    this.#publishOnLoopback(published);
    for (const { bridgeName } of networks) warnOfLegacyIptables(bridgeName, this.#log);
    this.#watch ??= setInterval(() => this.#verify(), VERIFY_MS).unref();
  }

  /** Make the bridge of a new network, and its rules. Nothing is left of it when it throws. */
  add(network: HostNetwork): void {
    try {
      const names = [...this.#bridges.keys(), network.bridgeName];
      const guard = this.#forwarding.turnOn(familiesOf([network]), names);
      this.#ensureBridge(network);
      this.#firewall.setLoopback(bridgedPacketsPassRules(6));
      this.#firewall.setBridges(stateOf([...this.#bridges.values()], guard));
    } catch (error) {
      this.remove(network.bridgeName);
      throw error;
    }
  }

  /** Take a network's bridge and rules away. No error when they are gone. */
  remove(bridgeName: string): void {
    const bridge = this.#bridges.get(bridgeName);
    this.#bridges.delete(bridgeName);
    this.#firewall.setBridges({ bridges: [...this.#bridges.values()] });
    if (bridge?.ownsBridge === true) removeLink(this.#route, bridgeName);
  }

  /** Give every connected endpoint its interface again where it lost it, and delete interfaces that belong to none. */
  repairLinks(connected: readonly Connected[]): void {
    const indexes = new Set([...this.#bridges.values()].map((bridge) => bridge.index));
    const links = new Map(listLinks(this.#route).map((link) => [link.name, link]));
    const wanted = new Set(connected.map(({ endpoint }) => vethName(endpoint.id)));
    for (const link of links.values()) {
      const ours = link.master !== undefined && indexes.has(link.master) && /^veth[0-9a-f]{7}$/.test(link.name);
      if (ours && !wanted.has(link.name)) this.#detached.add(link.name);
    }
    this.#sweepLater(DETACH_GRACE_MS);
    for (const place of connected) {
      const { endpoint, bridgeName, networkNamespace } = place;
      const link = links.get(vethName(endpoint.id));
      try {
        const bridge = this.#port(bridgeName);
        if (link === undefined) attachEndpoints(this.#route, networkNamespace, this.#interfaces([place]));
        else if (link.master !== bridge.index)
          this.#route.execute([changeLink(link.index, { master: bridge.index, up: true })]);
      } catch (error) {
        this.#log.error("could not give a running container its network interface again", {
          container: endpoint.containerId,
          error: messageOf(error),
        });
      }
    }
  }

  /** Places of one container. What a failure leaves is {@link detachNow}'s. */
  attach(places: readonly Connected[]): void {
    const [{ networkNamespace } = { networkNamespace: "" }] = places;
    const attachAll = (): void => attachEndpoints(this.#route, networkNamespace, this.#interfaces(places));
    try {
      attachAll();
    } catch (error) {
      const lost = places.map(({ bridgeName }) => this.#port(bridgeName)).filter((bridge) => !this.#isThere(bridge));
      if (lost.length === 0) throw error;
      for (const bridge of lost) {
        this.#log.warn("the bridge was deleted or replaced: restoring it", { bridge: bridge.bridgeName });
        this.#ensureBridge(bridge);
      }
      attachAll();
    }
    const endpoints = places.map(({ endpoint }) => endpoint);
    this.#firewall.publish(endpoints);
    this.#publishOnLoopback(endpoints);
  }

  /**
   * Rules go at once. The interfaces usually go with the container's namespace, in the kernel's own time: deleting them
   * here would hold up this thread for tens of milliseconds. Those that are still there after a while are deleted.
   */
  detach(endpoint: Endpoint): void {
    this.#redirect.unpublish(endpoint);
    this.#firewall.unpublish(endpoint);
    this.#detached.add(vethName(endpoint.id));
    this.#sweepLater(DETACH_GRACE_MS);
  }

  /** {@link detach} from a container that goes on running. */
  detachNow(endpoint: Endpoint): void {
    this.#redirect.unpublish(endpoint);
    this.#firewall.unpublish(endpoint);
    detachEndpoint(this.#route, endpoint.id);
  }

  /** The host's end sends what the container receives, the other end what it sends. */
  limit(endpoint: Endpoint, networkNamespace: string): void {
    limitHostEnd(this.#route, endpoint);
    limitRateInside(networkNamespace, endpoint);
  }

  /** See EngineFirewall.setPolicies. */
  govern(networks: readonly GovernedNetwork[]): void {
    this.#firewall.setPolicies(networks);
  }

  /** Take down rules and bridges, and undo ip_forward when nothing that came later can rely on it. */
  tearDown(): void {
    this.#sweep(Number.POSITIVE_INFINITY);
    this.#firewall.remove();
    const names = [...this.#bridges.keys()];
    for (const { bridgeName, ownsBridge } of this.#bridges.values())
      if (ownsBridge) removeLink(this.#route, bridgeName);
    this.#forwarding.turnOff(names);
  }

  close(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    this.#redirect[Symbol.dispose]();
    this.#route.close();
    this.#firewall.close();
  }

  #publishOnLoopback(endpoints: readonly Endpoint[]): void {
    const hostAddresses = [...this.#bridges.values()].flatMap(({ addresses }) => addresses);
    for (const endpoint of endpoints) if (endpoint.ports.length > 0) this.#redirect.publish(endpoint, hostAddresses);
  }

  #verify(): void {
    try {
      this.#firewall.setLoopback(bridgedPacketsPassRules(6));
      this.#firewall.verify();
    } catch (error) {
      this.#log.error("could not verify the engine's nf_tables rules", { error: messageOf(error) });
    }
  }

  #ensureBridge(network: HostNetwork): void {
    const { bridgeName: name, ownsBridge: own, mtu, addresses, mac } = network;
    const index = ensureBridge(this.#route, { name, addresses, mac, mtu, own });
    this.#bridges.set(name, { ...network, index });
    ensureNetSysctl(`ipv4/conf/${name}/route_localnet`, "1");
    const hasIpv6 = familiesOf([network]).includes(6);
    // Whoever is on the bridge would be the host's router (CVE-2020-13401).
    if (own || hasIpv6) ifThere(() => ensureNetSysctl(`ipv6/conf/${name}/accept_ra`, "0"));
    if (hasIpv6) ensureNetSysctl(`ipv6/conf/${name}/forwarding`, "1");
  }

  #interfaces(places: readonly Connected[]): readonly BridgedInterface[] {
    return places.map((place) => ({ ...place, bridge: this.#port(place.bridgeName) }));
  }

  #isThere({ bridgeName, index }: Present): boolean {
    return findLink(this.#route, bridgeName)?.index === index;
  }

  #port(bridgeName: string): Present & BridgePort {
    const bridge = this.#bridges.get(bridgeName);
    if (bridge === undefined) throw new BerthError("internal", `the bridge ${bridgeName} is not set up`);
    return { ...bridge, isolated: !bridge.interContainer && !bridgedPacketsPassRules(4) };
  }

  #sweepLater(delayMs: number): void {
    if (this.#timer !== undefined || this.#detached.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      try {
        this.#sweep(SWEEP_AT_ONCE);
      } catch (error) {
        this.#log.error("could not delete interfaces of removed containers", { error: messageOf(error) });
      }
      this.#sweepLater(SWEEP_PAUSE_MS);
    }, delayMs);
    this.#timer.unref();
  }

  /** Deletes up to `limit` interfaces that are still there. */
  #sweep(limit: number): void {
    if (this.#detached.size === 0) return;
    const present = new Set(listLinks(this.#route).map((link) => link.name));
    let deleted = 0;
    for (const name of this.#detached) {
      if (present.has(name) && deleted++ === limit) return;
      this.#detached.delete(name);
      if (present.has(name)) detachEndpoint(this.#route, name.slice("veth".length));
    }
  }
}

function familiesOf(networks: readonly HostNetwork[]): readonly IpFamily[] {
  return [...new Set(networks.flatMap(({ subnets }) => subnets.map(({ subnet }) => familyOf(subnet))))];
}

function stateOf(bridges: readonly BridgeRules[], { ipv4 = [], ipv6 = [] }: ForwardingGuard) {
  return { bridges, guarded: { 4: ipv4, 6: ipv6 } };
}

/**
 * br_netfilter is loaded and turned on. With IPv6 it translates answers to ::1 back while they are still in the bridge, and
 * the kernel takes no packet for ::1 from there.
 */
function bridgedPacketsPassRules(family: IpFamily): boolean {
  const name = family === 4 ? "bridge-nf-call-iptables" : "bridge-nf-call-ip6tables";
  return readTextFileMaybe(`/proc/sys/net/bridge/${name}`, 64)?.trim() === "1";
}
