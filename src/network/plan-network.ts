import { BerthError } from "#base/errors.ts";
import { bridgeSettings } from "./bridge/bridge-settings.ts";
import { checkAddressPlan } from "./ipam/address-plan.ts";
import { chooseSubnet, type AddressPool } from "./ipam/choose-subnet.ts";
import { addressNumber, addressText, cidrText, lastAddress, overlaps, parseCidr, type Subnet } from "./ipam/subnet.ts";
import { emptySpec, noAddresses, type NetworkSpec } from "./network-rows.ts";
import type { AddressPlan, NetworkInfo, NetworkRequest } from "./types.ts";

/** What there is already. */
export interface Surroundings {
  readonly networks: readonly NetworkInfo[];
  /** Subnets that the host reaches by its routes. */
  readonly routed: readonly Subnet[];
  readonly pools: readonly AddressPool[];
  /** Interfaces of the host. */
  readonly interfaces: ReadonlySet<string>;
}

const predefinedNames = ["bridge", "host", "none", "default"];

/**
 * Pure: the whole description of a new network `id`, with what the person left open chosen. Errors as told at
 * `NetworkService.create`.
 */
export function planNetwork(id: string, request: NetworkRequest, around: Surroundings): NetworkSpec {
  const { name } = request;
  if (name.trim() === "") throw new BerthError("invalid-parameter", "network name cannot be empty");
  if (predefinedNames.includes(name)) {
    throw new BerthError("forbidden", `operation is not permitted on predefined ${name} network`);
  }
  if (around.networks.some((network) => network.name === name)) {
    throw new BerthError("already-exists", `network with name ${name} already exists`);
  }
  const settings = withSource(request, around.networks);
  const common = {
    ...emptySpec,
    predefined: false,
    internal: settings.internal,
    attachable: settings.attachable,
    labels: settings.labels,
    options: settings.options,
    configFrom: settings.configFrom,
  };
  const [addresses = noAddresses, another] = settings.addresses;
  if (settings.configOnly) {
    checkAddressPlan(settings.addresses);
    return { ...common, driver: "null", configOnly: true, addresses };
  }
  const driver = settings.driver === "" || settings.driver === "default" ? "bridge" : settings.driver;
  if (driver === "host" || driver === "null") {
    throw new BerthError("forbidden", `only one instance of "${driver}" network is allowed`);
  }
  if (driver !== "bridge") throw new BerthError("not-found", `plugin "${driver}" not found`);
  checkAddressPlan(settings.addresses);
  if (another !== undefined) {
    throw new BerthError("forbidden", "bridge driver doesn't support multiple subnets");
  }
  const { bridgeName: wanted } = bridgeSettings(settings.options);
  const bridgeName = wanted === "" ? `br-${id.slice(0, 12)}` : wanted;
  const user = around.networks.find((network) => network.bridgeName === bridgeName);
  if (user !== undefined) {
    throw new BerthError(
      "forbidden",
      `cannot create network ${id} (${bridgeName}): conflicts with network ${user.id} (${bridgeName}): networks have same bridge name`,
    );
  }
  const subnet = chooseOwn(addresses, around);
  return {
    ...common,
    driver: "bridge",
    addresses,
    subnet: cidrText(subnet),
    gateway: chooseGateway(subnet, addresses),
    bridgeName,
    ownsBridge: !around.interfaces.has(bridgeName),
  };
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
  const given = [
    ...(request.addresses.length > 0 ? ["ipam configuration"] : []),
    ...(Object.keys(request.labels).length > 0 ? ["labels"] : []),
    ...(Object.keys(request.options).length > 0 ? ["driver options"] : []),
    ...(request.internal ? ["internal"] : []),
  ];
  if (given.length > 0) {
    throw new BerthError(
      "forbidden",
      `user specified configurations are not supported if the network depends on a configuration network: ${given.join(", ")}`,
    );
  }
  const { labels, options, internal, addresses } = source;
  return {
    ...request,
    labels,
    options,
    internal,
    addresses: addresses.subnet === "" ? [] : [addresses],
    configFrom: source.name,
  };
}

function chooseOwn({ subnet }: AddressPlan, { networks, routed, pools }: Surroundings): Subnet {
  const others = networks
    .filter((network) => network.subnet !== "")
    .map((network) => ({ network, subnet: parseCidr(network.subnet).subnet }));
  if (subnet === "") return chooseSubnet(pools, [...routed, ...others.map((other) => other.subnet)]);
  const own = parseCidr(subnet).subnet;
  if (others.some((other) => overlaps(other.subnet, own))) {
    throw new BerthError("forbidden", "invalid pool request: Pool overlaps with other one on this address space");
  }
  return own;
}

/** docker-compat: the first address that is not set aside, also of the range when there is one. */
function chooseGateway(subnet: Subnet, { gateway, ipRange, auxiliary }: AddressPlan): string {
  if (gateway !== "") return gateway;
  const range = ipRange === "" ? subnet : parseCidr(ipRange).subnet;
  const taken = new Set(Object.values(auxiliary));
  const first = range.base === subnet.base && subnet.prefixLength < 31 ? range.base + 1 : range.base;
  const last = subnet.prefixLength < 31 ? lastAddress(subnet) - 1 : lastAddress(subnet);
  for (let address = first; address <= Math.min(last, lastAddress(range)); address++) {
    if (!taken.has(addressText(address))) return addressText(address);
  }
  throw new BerthError("resource-exhausted", "failed to allocate gateway (): no available addresses on this pool");
}

/** Addresses of a network that are never chosen for a container. */
export function setAside(spec: Pick<NetworkSpec, "gateway" | "addresses">): readonly number[] {
  const { gateway, auxiliary } = spec.addresses;
  return [spec.gateway, ...(gateway === "" ? [] : [gateway]), ...Object.values(auxiliary)].map(addressNumber);
}
