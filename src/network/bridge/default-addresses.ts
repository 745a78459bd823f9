import { BerthError } from "#base/errors.ts";
import { addressNumber, contains, parseCidr } from "../ipam/subnet.ts";
import type { NetworkOptions } from "../network-options.ts";
import type { NetworkSpec } from "../network-rows.ts";
import type { AddressPlan } from "../types.ts";

/** What the daemon's options say of the default network's addresses; `invalid-parameter` when they lie outside it. */
export function defaultAddresses(
  { fixedCidr, defaultGateway }: NetworkOptions,
  { subnet: text, gateway: own }: Pick<NetworkSpec, "subnet" | "gateway">,
): AddressPlan {
  const { subnet } = parseCidr(text);
  const outside = (option: string): BerthError =>
    new BerthError("invalid-parameter", `${option} is not within the bridge's network ${text}`);
  const range = fixedCidr === undefined ? subnet : parseCidr(fixedCidr).subnet;
  if (!contains(subnet, range.base) || range.prefixLength < subnet.prefixLength)
    throw outside(`--fixed-cidr ${fixedCidr ?? ""}`);
  const gateway = defaultGateway ?? own;
  if (!contains(subnet, addressNumber(gateway))) throw outside(`--default-gateway ${gateway}`);
  return { subnet: "", ipRange: fixedCidr ?? "", gateway: defaultGateway ?? "", auxiliary: {} };
}
