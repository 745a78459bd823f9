import { addAddress, addVeth, changeLink, deleteLink } from "#host/netlink/rtnetlink.ts";
import type { NetlinkSocket } from "#host/netlink/socket.ts";
import type { ScreenLinks } from "../rules/screen.ts";
import { findLink } from "./host-bridge.ts";
import { ensureNetSysctl } from "./sysctl.ts";

/** Locally administered; both ends have it, so that each takes what the other sends without asking for addresses. */
const MAC = Uint8Array.of(0x02, 0x42, 0, 0, 0, 1);
/**
 * A packet's source lies behind another interface than this; any that the host has a route to will do (rp_filter,
 * Documentation/networking/ip-sysctl.rst), if the interface has an address. This one is nobody's (IANA IPv4 special-purpose
 * registry: 192.0.0.0/24).
 */
const LOOSE = "2";
const ADDRESS = Uint8Array.of(192, 0, 0, 11);

/** The pair of interfaces of {@link ScreenLinks}: made only while there are ports that need it. */
export class ScreenLink {
  readonly inName: string;
  readonly #outName: string;
  readonly #route: NetlinkSocket;

  constructor(route: NetlinkSocket, instance: string) {
    this.#route = route;
    this.inName = `bfi${instance}`.slice(0, 15);
    this.#outName = `bfo${instance}`.slice(0, 15);
  }

  /** Made or found. */
  ensure(): ScreenLinks {
    if (findLink(this.#route, this.inName) === undefined) {
      this.#route.execute([deleteLink(this.#outName)], ["ENODEV"]);
      this.#route.execute([addVeth({ name: this.#outName, peer: { name: this.inName, mac: MAC } })]);
    }
    ensureNetSysctl(`ipv4/conf/${this.inName}/rp_filter`, LOOSE);
    this.#route.execute([
      changeLink(this.#outName, { mac: MAC, arp: false }),
      changeLink(this.inName, { arp: false, up: true }),
      changeLink(this.#outName, { up: true }),
    ]);
    this.#route.execute([addAddress(findLink(this.#route, this.inName)?.index ?? 0, ADDRESS, 32)], ["EEXIST"]);
    return { inName: this.inName, outIndex: findLink(this.#route, this.#outName)?.index ?? 0 };
  }

  /** No error when it is gone. */
  remove(): void {
    this.#route.execute([deleteLink(this.#outName)], ["ENODEV"]);
  }
}
