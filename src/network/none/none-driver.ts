import { BerthError } from "#base/errors.ts";
import type { NetworkCatalog } from "../catalog.ts";
import type { NetworkDriver, NetworkPlace } from "../driver.ts";
import { emptySpec, type Network, type NetworkSpec } from "../network-rows.ts";
import { placeWithoutAddress } from "../place.ts";
import { bringLoopbackUp } from "../sandbox/loopback.ts";
import type { Endpoint, EndpointRequest } from "../types.ts";

/** The predefined network `none`: its containers have their own loopback, and networks that only hold settings. */
export class NoneDriver implements NetworkDriver {
  readonly name = "null";
  readonly #catalog: NetworkCatalog;

  constructor(deps: { readonly catalog: NetworkCatalog }) {
    this.#catalog = deps.catalog;
  }

  plan(): NetworkSpec {
    throw new BerthError("forbidden", `only one instance of "null" network is allowed`);
  }

  restore(): void {
    this.#catalog.put("none", { ...emptySpec, driver: "null" });
  }

  create(): void {}

  remove(): void {}

  reserve(network: Network, request: EndpointRequest): Endpoint {
    return placeWithoutAddress(network, request);
  }

  giveBack(): void {}

  connect([place]: readonly NetworkPlace[]): void {
    if (place !== undefined) bringLoopbackUp(place.networkNamespace);
  }

  disconnect(): void {}

  release(): void {}

  close(): void {}
}
