import { listeningSockets, ownersOf } from "#host/sockets/listening-sockets.ts";
import type { PortListener, PortListeners } from "../forensics-ports.ts";

/** Sockets of the network that the engine is in. */
export class HostPortListeners implements PortListeners {
  at(port: number): readonly PortListener[] {
    const sockets = listeningSockets(port);
    const owners = ownersOf(new Set(sockets.map(({ inode }) => inode)));
    return sockets.map(({ protocol, address, inode }) => {
      const owner = owners.get(inode);
      return {
        protocol,
        address,
        ...(owner === undefined ? {} : { owner: { ...owner, isEngine: owner.pid === process.pid } }),
      };
    });
  }
}
