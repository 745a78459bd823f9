import type { IpFamily } from "./ipam/subnet.ts";
import type { GovernedNetwork } from "./policy/resolve-policy.ts";
import type { Network, NetworkSpec } from "./network-rows.ts";
import type { Endpoint, EndpointRequest, NetworkInfo, NetworkRequest, Resident } from "./types.ts";

/** A container's place in a network, and where the container is. */
export interface Place {
  readonly endpoint: Endpoint;
  /** A path such as /proc/PID/ns/net. */
  readonly networkNamespace: string;
  /** The families of which it gives its container the default route. */
  readonly defaultRoutes: readonly IpFamily[];
}

export interface NetworkPlace extends Place {
  readonly network: Network;
}

/**
 * One kind of networks. The caller keeps the rows and says what is to be done; a driver holds in memory what it needs for
 * that, and carries it out in the kernel, without giving up the thread, so that none sees another's half-done state.
 *
 *   plan() ──▶ row ──create()──▶ works ──remove()──▶ row is deleted
 *   reserve() ──▶ row ──connect()──▶ works ──disconnect() or release()──▶ row is deleted ──giveBack()──▶ free
 */
export interface NetworkDriver {
  readonly name: NetworkInfo["driver"];
  /**
   * The whole description of a new network with what the person left open chosen; changes nothing. Errors as told at
   * `NetworkService.create`.
   */
  plan(id: string, request: NetworkRequest, networks: readonly NetworkInfo[]): NetworkSpec;
  /** At start: put in place what the rows tell, repair what differs. `live` are the places of running containers, of all drivers. */
  restore(live: readonly Place[]): void;
  /** Nothing is left of the network when it throws. */
  create(network: Network): void;
  /** No error when it is gone. */
  remove(network: Network): void;
  /** Choose and hold addresses and ports; `others` are the container's other places. Touches no namespace. */
  reserve(network: Network, request: EndpointRequest & Resident, others: readonly Endpoint[]): Endpoint;
  /** Let go of what reserve() held. */
  giveBack(endpoint: Endpoint): void;
  /** Interfaces, addresses, routes and rules of one container's places. On failure disconnect() of each leaves the reservations. */
  connect(places: readonly NetworkPlace[]): void;
  /** Undo connect() in a container that goes on running, as far as it came. */
  disconnect(endpoint: Endpoint): void;
  /** Undo connect() for a container whose namespace is gone or going; no error for what is gone. */
  release(endpoint: Endpoint): void;
  /** The endpoint's rate is another one now. Absent: this driver's networks cannot limit. */
  limit?(place: Place): void;
  /** Between the containers of these networks their flows pass alone; the whole of such networks. Absent: as {@link limit}. */
  govern?(networks: readonly GovernedNetwork[]): void;
  /** Close sockets. `idle`: no container is in any network, and what was made for them all goes too. */
  close(idle: boolean): void;
}
