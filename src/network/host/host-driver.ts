import { BerthError } from "#base/errors.ts";
import type { NetworkCatalog } from "../catalog.ts";
import type { NetworkDriver } from "../driver.ts";
import { emptySpec, type Network, type NetworkSpec } from "../network-rows.ts";
import { placeWithoutAddress } from "../place.ts";
import type { Endpoint, EndpointRequest } from "../types.ts";

/** The predefined network `host`: its containers are in the host's own network namespace, and nothing is to be done. */
export class HostDriver implements NetworkDriver {
  readonly name = "host";
  readonly #catalog: NetworkCatalog;

  constructor(deps: { readonly catalog: NetworkCatalog }) {
    this.#catalog = deps.catalog;
  }

  plan(): NetworkSpec {
    throw new BerthError("forbidden", `only one instance of "host" network is allowed`);
  }

  restore(): void {
    // Its row also tells what the engine did to the host's routing.
    if (this.#catalog.get("host") === undefined) this.#catalog.put("host", { ...emptySpec, driver: "host" });
  }

  create(): void {}

  remove(): void {}

  reserve(network: Network, request: EndpointRequest): Endpoint {
    return placeWithoutAddress(network, request);
  }

  giveBack(): void {}

  connect(): void {}

  disconnect(): void {}

  release(): void {}

  close(): void {}
}
