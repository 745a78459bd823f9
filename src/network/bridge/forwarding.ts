import { listDirectory, readTextFile } from "#host/files/files.ts";
import type { NetlinkSocket } from "#host/netlink/socket.ts";
import type { IpFamily } from "../ipam/subnet.ts";
import { noGuard, type ForwardingGuard } from "../network-rows.ts";
import { listLinks } from "./host-bridge.ts";
import { ensureNetSysctl, ifThere, readNetSysctl } from "./sysctl.ts";

const switches = { 4: "ipv4/ip_forward", 6: "ipv6/conf/all/forwarding" } as const;

/** Where it is written down, across runs, what the engine did to the host's routing. */
export interface GuardStore {
  load(): ForwardingGuard;
  save(guard: ForwardingGuard): void;
}

/** Turns the host's routing on for networks that need it, without making a router of what was none; and off again. */
export class Forwarding {
  readonly #route: NetlinkSocket;
  readonly #store: GuardStore;
  /** The engine leaves the host's routing alone. */
  readonly #off: boolean;

  constructor(deps: { readonly route: NetlinkSocket; readonly store: GuardStore; readonly off: boolean }) {
    this.#route = deps.route;
    this.#store = deps.store;
    this.#off = deps.off;
  }

  /**
   * Route these families: their guards, which are written down before anything is done. `own` are the engine's interfaces.
   */
  turnOn(families: readonly IpFamily[], own: readonly string[]): ForwardingGuard {
    if (this.#off) return noGuard;
    const stored = this.#store.load();
    const earlier = ofThisBoot(stored);
    const off = families.filter((family) => readNetSysctl(switches[family]) === "0");
    const others = (): readonly string[] =>
      listLinks(this.#route)
        .map((link) => link.name)
        .filter((name) => name !== "lo" && !own.includes(name));
    const guard: ForwardingGuard = {
      bootId: earlier.bootId,
      ipv4: off.includes(4) ? others() : earlier.ipv4,
      ipv6: off.includes(6) ? others() : earlier.ipv6,
    };
    if (JSON.stringify(guard) !== JSON.stringify(stored)) this.#store.save(guard);
    if (off.includes(4)) ensureNetSysctl(switches[4], "1");
    if (off.includes(6)) routeIpv6();
    return guard;
  }

  /** Undo what was turned on, when nothing that came later can rely on it. `own` are the engine's interfaces. */
  turnOff(own: readonly string[]): void {
    const { ipv4, ipv6 } = ofThisBoot(this.#store.load());
    const present = listLinks(this.#route).map((link) => link.name);
    const alone = (others: readonly string[] | undefined): boolean =>
      others !== undefined && present.every((name) => name === "lo" || own.includes(name) || others.includes(name));
    if (alone(ipv4)) ensureNetSysctl(switches[4], "0");
    if (alone(ipv6)) ensureNetSysctl(switches[6], "0");
    this.#store.save(noGuard);
  }
}

function ofThisBoot(guard: ForwardingGuard): ForwardingGuard {
  const bootId = readTextFile("/proc/sys/kernel/random/boot_id", 64).trim();
  return guard.bootId === bootId ? guard : { ...noGuard, bootId };
}

/**
 * The switch for all interfaces makes a router of each, and a router learns neither addresses nor routes from others
 * (Documentation/networking/ip-sysctl, accept_ra): a host that has its IPv6 by router advertisements would lose it. Whether
 * packets are forwarded depends on the switch for all alone, so each interface becomes a host again at once; in between
 * it is told to go on learning.
 */
function routeIpv6(): void {
  const folder = "ipv6/conf";
  const hosts = listDirectory(`/proc/sys/net/${folder}`).filter(
    (name) => name !== "all" && ifThere(() => readNetSysctl(`${folder}/${name}/forwarding`)) === "0",
  );
  const learning = hosts.filter((name) => ifThere(() => readNetSysctl(`${folder}/${name}/accept_ra`)) === "1");
  for (const name of learning) ifThere(() => ensureNetSysctl(`${folder}/${name}/accept_ra`, "2"));
  ensureNetSysctl(switches[6], "1");
  for (const name of hosts) ifThere(() => ensureNetSysctl(`${folder}/${name}/forwarding`, "0"));
  for (const name of learning) ifThere(() => ensureNetSysctl(`${folder}/${name}/accept_ra`, "1"));
}
