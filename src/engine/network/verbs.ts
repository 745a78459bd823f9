import type { EngineCore } from "../engine-deps.ts";
import { whyPort } from "../forensics/why-port.ts";
import { connectNetwork } from "./connect.ts";
import { createNetwork } from "./create.ts";
import { disconnectNetwork } from "./disconnect.ts";
import { networkExposure } from "./exposure.ts";
import { inspectNetwork, listNetworks } from "./list.ts";
import { changeNetworkPolicy, networkPolicy } from "./policy.ts";
import { pruneNetworks } from "./prune.ts";
import { removeNetwork } from "./remove.ts";
import { setNetworkRate } from "./set-rate.ts";

/** `/networks`. */
export function networkVerbs(core: EngineCore) {
  return {
    list: listNetworks(core),
    inspect: inspectNetwork(core),
    create: createNetwork(core),
    remove: removeNetwork(core),
    connect: connectNetwork(core),
    disconnect: disconnectNetwork(core),
    prune: pruneNetworks(core),
    setRate: setNetworkRate(core),
    exposure: networkExposure(core),
    whyPort: whyPort(core),
    policy: networkPolicy(core),
    changePolicy: changeNetworkPolicy(core),
  };
}
