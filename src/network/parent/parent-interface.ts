import { BerthError } from "#base/errors.ts";
import { errnoText } from "#host/kernel/errno.ts";
import type { NetlinkRequest } from "#host/netlink/message.ts";
import { changeLink } from "#host/netlink/rtnetlink.ts";
import { NetlinkError, type NetlinkSocket } from "#host/netlink/socket.ts";
import { addDummy, addVlan } from "#host/netlink/upper-links.ts";
import { findLink } from "../bridge/host-bridge.ts";
import { parseVlanName } from "./parent-settings.ts";

/**
 * Index of the parent `name`, made when it is not there: `own` is the dummy of a network that named none, anything else the
 * VLAN that its name tells. `invalid-parameter` for a name that tells none and `not-found` for one of no interface, in
 * Docker's words.
 */
export function ensureParent(route: NetlinkSocket, name: string, own: string): number {
  const link = findLink(route, name);
  if (link !== undefined) return link.index;
  if (name === own) make(route, addDummy(name), "failed to create the dummy parent interface", "dummy");
  else {
    const { below, id } = parseVlanName(name);
    const parent = findLink(route, below);
    if (parent === undefined) {
      throw new BerthError("not-found", `-o parent interface was not found on the host: ${below}`);
    }
    make(route, addVlan({ name, parent: parent.index, id }), `failed to create ${name} vlan link`, "8021q");
  }
  route.execute([changeLink(name, { up: true })]);
  return findLink(route, name)?.index ?? 0;
}

/** Carry out a request for a new link; what the kernel refuses is told as Docker does, with the module that it may lack. */
export function make(route: NetlinkSocket, request: NetlinkRequest, failure: string, module: string): void {
  try {
    route.execute([request]);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    const hint = `The kernel has no support for it, or does not load its module ${module}.`;
    throw new BerthError("internal", `${failure}: ${errnoText(error.errno)}`, {
      cause: error,
      ...(error.code === "EOPNOTSUPP" ? { hint } : {}),
    });
  }
}
