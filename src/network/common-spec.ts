import { emptySpec, type NetworkSpec } from "./network-rows.ts";
import type { NetworkRequest } from "./types.ts";

/** What a network of any driver takes from its request as it is. */
export function commonSpec(request: NetworkRequest): Omit<NetworkSpec, "driver"> {
  const { ipv4, ipv6, internal, attachable, labels, ipamOptions = {}, options, configFrom } = request;
  return {
    ...emptySpec,
    predefined: false,
    ipv4,
    ipv6,
    internal,
    attachable,
    labels,
    ipamOptions,
    options,
    configFrom,
  };
}
