import { BerthError } from "#base/errors.ts";
import { commonSpec } from "./common-spec.ts";
import type { NetworkDriver } from "./driver.ts";
import { checkAddressPlan } from "./ipam/address-plan.ts";
import type { NetworkSpec } from "./network-rows.ts";
import type { NetworkInfo, NetworkRequest } from "./types.ts";

const predefinedNames = ["bridge", "host", "none", "default"];

/**
 * The whole description of a new network `id`, with what the person left open chosen by its driver. Changes nothing.
 * Errors as told at `NetworkService.create`.
 */
export function planNetwork(
  id: string,
  request: NetworkRequest,
  networks: readonly NetworkInfo[],
  drivers: readonly NetworkDriver[],
): NetworkSpec {
  const { name } = request;
  if (name.trim() === "") throw new BerthError("invalid-parameter", "network name cannot be empty");
  if (predefinedNames.includes(name)) {
    throw new BerthError("forbidden", `operation is not permitted on predefined ${name} network`);
  }
  if (networks.some((network) => network.name === name)) {
    throw new BerthError("already-exists", `network with name ${name} already exists`);
  }
  const settings = withSource(request, networks);
  if (settings.configOnly) {
    checkAddressPlan(settings.addresses);
    const pools = settings.addresses.map((plan) => ({ ...plan, asked: true }));
    return { ...commonSpec(settings), driver: "null", configOnly: true, pools };
  }
  const wanted = settings.driver === "" ? "bridge" : settings.driver;
  const driver = drivers.find((candidate) => candidate.name === wanted);
  if (driver === undefined) throw new BerthError("not-found", `plugin "${wanted}" not found`);
  // What only holds settings has no addresses for itself.
  const others = networks.filter((network) => !network.configOnly);
  return driver.plan(id, settings, others);
}

/** The settings of a `--config-from` network, which a network that takes them may not give itself. */
function withSource(request: NetworkRequest, networks: readonly NetworkInfo[]): NetworkRequest {
  if (request.configFrom === "") return request;
  const source = networks.find(
    (network) => network.configOnly && (network.name === request.configFrom || network.id === request.configFrom),
  );
  if (source === undefined) {
    throw new BerthError("not-found", `configuration network "${request.configFrom}" does not exist`);
  }
  if (request.configOnly) {
    throw new BerthError("forbidden", "a configuration network cannot depend on another configuration network");
  }
  const refused = (what: string): BerthError =>
    new BerthError("forbidden", `${what} are not supported if the network depends on a configuration network`);
  const given = [request.labels, request.ipamOptions ?? {}].some((texts) => Object.keys(texts).length > 0);
  if (given || request.addresses.length > 0 || request.ipv6) throw refused("user specified configurations");
  if (Object.keys(request.options).length > 0) throw refused("network driver options");
  const { labels, options, ipamOptions, ipv4, ipv6, pools } = source;
  return { ...request, labels, options, ipamOptions, ipv4, ipv6, addresses: pools, configFrom: source.name };
}
