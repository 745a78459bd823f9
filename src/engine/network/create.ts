import { BerthError } from "#base/errors.ts";
import type { AddressPlan, NetworkInfo, NetworkService } from "#network/types.ts";
import type { NetworkCreated, NetworkCreateRequest } from "#spec/docker/network-requests.ts";
import type { Events } from "../ports.ts";
import { notInSwarm } from "../system/not-in-swarm.ts";

/**
 * `POST /networks/create`. Errors: `already-exists` for a taken name, `forbidden` and `invalid-parameter` in Docker's words,
 * `not-found` for a driver that is not there, `not-implemented` naming what this engine cannot do yet.
 */
export function createNetwork(deps: { readonly networks: NetworkService; readonly events: Events }) {
  return async (request: NetworkCreateRequest): Promise<NetworkCreated> => {
    refuse(request);
    const options = request.Options ?? {};
    const made = await deps.networks.create({
      name: request.Name,
      driver: request.Driver,
      ipv4: request.EnableIPv4 ?? flag(options, "com.docker.network.enable_ipv4") ?? true,
      ipv6: request.EnableIPv6 ?? flag(options, "com.docker.network.enable_ipv6") ?? false,
      addresses: (request.IPAM?.Config ?? []).filter(isGiven).map((config): AddressPlan => ({
        subnet: config.Subnet,
        ipRange: config.IPRange,
        gateway: config.Gateway,
        auxiliary: config.AuxiliaryAddresses ?? {},
      })),
      internal: request.Internal,
      attachable: request.Attachable,
      labels: request.Labels ?? {},
      ipamOptions: request.IPAM?.Options ?? {},
      options,
      configOnly: request.ConfigOnly,
      configFrom: request.ConfigFrom?.Network ?? "",
    });
    deps.events.publish({
      type: "network",
      action: "create",
      id: made.id,
      attributes: { name: made.name, type: made.driver },
    });
    return { Id: made.id, Warning: unusedSubnets(request, made) };
  };
}

/** docker-compat: what Go's strconv.ParseBool takes, and Docker's words for the rest. */
function flag(options: Readonly<Record<string, string>>, name: string): boolean | undefined {
  const value = options[name];
  if (value === undefined) return undefined;
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw new BerthError("invalid-parameter", `driver-opt ${JSON.stringify(name)} is not a valid bool`);
}

type IpamConfig = NonNullable<NonNullable<NetworkCreateRequest["IPAM"]>["Config"]>[number];

/** docker-compat: clients send one empty configuration for "as you like". */
function isGiven({ Subnet, IPRange, Gateway, AuxiliaryAddresses }: IpamConfig): boolean {
  return Subnet !== "" || IPRange !== "" || Gateway !== "" || Object.keys(AuxiliaryAddresses ?? {}).length > 0;
}

/** docker-compat: subnets of a family that is not enabled are passed over; here the client is told. */
function unusedSubnets(request: NetworkCreateRequest, { ipv6 }: NetworkInfo): string {
  const unused = (request.IPAM?.Config ?? []).map(({ Subnet }) => Subnet).filter((subnet) => subnet.includes(":"));
  return ipv6 || unused.length === 0 ? "" : `not used without IPv6: ${unused.join(", ")}`;
}

function refuse(request: NetworkCreateRequest): void {
  const { Internal, Attachable, Ingress, Scope } = request;
  if (request.ConfigOnly && (Internal || Attachable || Ingress || Scope !== "")) {
    throw new BerthError(
      "forbidden",
      "configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.",
    );
  }
  if (request.Scope === "swarm" || request.Scope === "global") {
    throw new BerthError("forbidden", "cannot create a swarm scoped network when swarm is not active");
  }
  if (request.Ingress) throw new BerthError("forbidden", "Ingress network can only be global scope network");
  if (request.Driver === "overlay") throw new BerthError("forbidden", notInSwarm);
  const ipamDriver = request.IPAM?.Driver ?? "";
  if (ipamDriver === "null") throw new BerthError("invalid-parameter", "ipv4 pool is empty");
  if (ipamDriver !== "" && ipamDriver !== "default") {
    throw new BerthError("not-found", `plugin "${ipamDriver}" not found`);
  }
}
